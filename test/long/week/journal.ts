/**
 * What has happened in a simulated week, line by line in a file: too much for memory, and read only of somebody who did not
 * end as he should have. It judges nothing.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

export interface Journal {
  /** `who` has seen or done this. */
  note(who: string, what: string, fields?: object): void
  end(): void
}

/** Written when so many characters have come together. */
const portion = 65_536

/** What bears on everybody. */
const common = /"(?:became leader|leader-changes|replica-[a-z-]+|primary-key-rolls|[^"]*signing keys?[^"]*)"/

/** `elapsed` gives milliseconds since the beginning. */
export function createJournal(path: string, elapsed: () => number): Journal {
  const file = openSync(path, 'a')
  let pending = ''

  function write(): void {
    writeSync(file, pending)
    pending = ''
  }

  return {
    note(who, what, fields) {
      pending += `${JSON.stringify({ at: timeOf(elapsed()), who, what, fields }, withErrors)}\n`
      if (pending.length >= portion) write()
    },
    end() {
      write()
      closeSync(file)
    },
  }
}

/** The lines of a journal in which one of these words stands, with what bore on everybody from the first of them on. */
export function linesAbout(path: string, words: readonly string[]): readonly string[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  const isAbout = (line: string) => words.some((word) => line.includes(`"${word}"`))
  const first = lines.findIndex(isAbout)
  return first < 0 ? [] : lines.slice(first).filter((line) => isAbout(line) || common.test(line))
}

/** `137:34:07.250`: hours, minutes, seconds. */
function timeOf(ms: number): string {
  const withinHour = new Date(ms % 3_600_000).toISOString().slice('1970-01-01T00:'.length, -1)
  return `${Math.floor(ms / 3_600_000)}:${withinHour}`
}

function withErrors(_name: string, value: unknown): unknown {
  return value instanceof Error ? { message: value.message, cause: value.cause } : value
}
