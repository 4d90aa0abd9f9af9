/** How long steps tell the person who waits of their progress. */

/** Takes one line, without a line break. */
export type Report = (line: string) => void
