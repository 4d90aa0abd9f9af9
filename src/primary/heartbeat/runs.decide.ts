/**
 * Whether the runs that beat with one key take turns: each run of a secondary names itself anew, so a name that comes back
 * after another one is still running beside it. Pure; who remembers it is `boot-ids.ts`.
 */
import { runId } from '../../api/sightings.ts'

/** Who has sent a heartbeat: what signed it, and the name that the process has given to itself. */
export interface Run {
  readonly keyId: string
  readonly boot: string
}

/** A heartbeat that another replica has heard. */
export interface Elsewhere {
  /** `runId` of who sent it. */
  readonly run: string
  /** Milliseconds since then. */
  readonly age: number
}

/** What this replica knows of the runs of one cluster under one key. */
export interface Runs {
  readonly keyId: string
  /** By `runId`; the one heard last comes last. */
  readonly runs: readonly string[]
  /** Monotonic, ms: the last heartbeat. */
  readonly heardAt: number
  /** Monotonic, ms: when a run came back here after another, which may have been heard elsewhere. */
  readonly returnedAt: number | undefined
}

/** More than two copies may take turns; and a process that restarts all the time has a name for each run. */
const maxRuns = 8
/** Two returns within this make a suspicion, milliseconds. One alone proves little: a heartbeat may arrive late. */
const window = 3_600_000
/**
 * What another replica tells looks younger than it is by the time that it was on its way. It comes after what this one has
 * heard only where it is younger by more than this, milliseconds.
 */
const way = 5_000

/** `elsewhere` is the last heartbeat that another replica tells of. Moments are of this process's monotonic clock, ms. */
export function runsAfter(
  known: Runs | undefined,
  heard: { readonly by: Run; readonly at: number; readonly elsewhere: Elsewhere | undefined },
): { readonly runs: Runs; readonly takeTurns: boolean } {
  const { by, at, elsewhere } = heard
  // Under another key others beat.
  const before = known?.keyId === by.keyId ? known : undefined
  const between = elsewhere !== undefined && isAfter(before, at - elsewhere.age) ? [elsewhere.run] : []
  const earlier = [...(before?.runs ?? []), ...between]
  const run = runId(by.keyId, by.boot)
  const hasReturned = earlier.at(-1) !== run && earlier.includes(run)
  const last = before?.returnedAt
  return {
    runs: {
      keyId: by.keyId,
      runs: [...new Set([...earlier, run].toReversed())].slice(0, maxRuns).toReversed(),
      heardAt: at,
      returnedAt: hasReturned ? at : last,
    },
    takeTurns: hasReturned && last !== undefined && at - last < window,
  }
}

/** What was heard elsewhere before this replica has heard anybody came first, whenever it was. */
function isAfter(before: Runs | undefined, moment: number): boolean {
  return before === undefined || moment > before.heardAt + way
}
