/**
 * The tries of one content: how many, and when the next one may come. Pure values; times are monotonic milliseconds
 * where they are compared, and wall-clock milliseconds where people read them.
 */
import { decorrelatedJitter } from '../../lib/backoff.ts'

export interface Attempts {
  /** The content that they belong to. */
  readonly hash: string
  readonly count: number
  /** Monotonic: when the first of them was made. */
  readonly since: number
  /** The last wait that was drawn, milliseconds. */
  readonly jitter: number
  /** Monotonic: no try before. */
  readonly nextAt: number
  /** Wall clock; undefined before the first. */
  readonly lastAt: number | undefined
  /** The primary has admitted this content, and its membership waits for the first heartbeat. */
  readonly isAdmitted: boolean
  /** The primary has refused this content for good, in this process. */
  readonly isRefused: boolean
}

const quick = { base: 1_000, cap: 60_000 }
/** After an hour nobody is waiting at the screen any more. */
const slow = { base: 1_000, cap: 300_000 }
const slowAfter = 3_600_000

/** `count` goes on from an earlier process. */
export function freshAttempts(hash: string, count = 0): Attempts {
  return { hash, count, since: 0, jitter: 0, nextAt: 0, lastAt: undefined, isAdmitted: false, isRefused: false }
}

/** After a try that ended at this moment and began at `startedAt` (wall clock): the time of the next one, decorrelated jitter 1 s to 60 s, 5 min after an hour. */
export function afterTry(
  attempts: Attempts,
  at: { readonly monotonic: number; readonly startedAt: number },
  options: { readonly retryAfterMs: number | undefined; readonly random: () => number },
): Attempts {
  const since = attempts.lastAt === undefined ? at.monotonic : attempts.since
  const limits = at.monotonic - since < slowAfter ? quick : slow
  const jitter = decorrelatedJitter(attempts.jitter, limits, options.random)
  const delay = Math.max(jitter, options.retryAfterMs ?? 0)
  return {
    ...attempts,
    count: attempts.count + 1,
    since,
    jitter,
    nextAt: at.monotonic + delay,
    lastAt: at.startedAt,
  }
}
