/** How long to wait before the next try. Pure: state goes in and comes out, randomness is a parameter. */

export interface BackoffLimits {
  /** First wait, milliseconds. */
  readonly base: number
  /** Longest wait, milliseconds. */
  readonly cap: number
}

/**
 * Doubling backoff with full spread over the upper half: `attempt` 0 waits between base/2 and base, each further
 * attempt twice that, up to the cap. Returns milliseconds.
 */
export function exponentialBackoff(attempt: number, limits: BackoffLimits, random: () => number = Math.random): number {
  const ceiling = Math.min(limits.cap, limits.base * 2 ** Math.min(attempt, 40))
  return ceiling / 2 + (random() * ceiling) / 2
}

/**
 * Decorrelated jitter: between the base and three times the previous wait, up to the cap. Many clients that fail at
 * the same moment spread apart after a few tries. `previous` is 0 before the first wait. Returns milliseconds.
 */
export function decorrelatedJitter(
  previous: number,
  limits: BackoffLimits,
  random: () => number = Math.random,
): number {
  const upper = Math.max(limits.base, previous * 3)
  return Math.min(limits.cap, limits.base + random() * (upper - limits.base))
}
