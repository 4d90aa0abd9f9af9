/** A wall clock that is wrong: preloaded into a process, it moves what the process takes for the time of day. */
import type { Flags } from '../../tools/role-process.ts'

const variable = 'WRONG_CLOCK_MS'

/** The environment of a process whose clock differs by this from the right time, milliseconds. */
export function wrongClock(ms: number): Flags {
  return { NODE_OPTIONS: `--import=${import.meta.filename}`, [variable]: String(ms) }
}

const difference = Number(process.env[variable] ?? 0)
const right = Date.now
Date.now = () => right() + difference
