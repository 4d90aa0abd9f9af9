/** How long a section about a fleet takes its time: a run with small fleets is there to show that everything works. */
import type { Sizes } from '../figures.ts'

export interface Pace {
  /** The least time between two heartbeats that the primary is told to ask for, seconds. */
  readonly heartbeatInterval: number
  /** How long a fleet is watched at least, milliseconds. */
  readonly watchedFor: number
  /** Of which fleets a part falls silent: that takes some eight intervals each. */
  readonly silences: 'all' | 'largest'
  /** How long a primary stands idle, milliseconds. */
  readonly idleFor: number
}

/** The first is the primary's own default. */
const usual: Pace = { heartbeatInterval: 20, watchedFor: 60_000, silences: 'all', idleFor: 120_000 }
/** The first is the least that it allows. */
const quick: Pace = { heartbeatInterval: 10, watchedFor: 20_000, silences: 'largest', idleFor: 10_000 }

const worthWaitingFor = 1_000

export function paceOf({ fleets }: Sizes): Pace {
  return Math.max(...fleets) < worthWaitingFor ? quick : usual
}
