/**
 * Time as a dependency: everything that waits or reads a clock takes a `Clock`, so that a test can drive it.
 * This file must stay the only one in `src` that calls `Date.now`, `performance.now` or `setTimeout`.
 */

/** Stops a timer; calling it again, or after the timer has fired, does nothing. */
export type Cancel = () => void

export interface Clock {
  /** Wall clock, milliseconds since the epoch. It may jump: never measure a duration with it. */
  now(): number
  /** Monotonic clock, milliseconds since an arbitrary start. */
  monotonic(): number
  /** Calls `fn` once after `ms` milliseconds. */
  after(ms: number, fn: () => void): Cancel
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** The longest delay of `setTimeout`; a longer one would fire at once. */
const longestTimer = 2 ** 31 - 1

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, Math.min(Math.max(ms, 0), longestTimer))
    return () => clearTimeout(timer)
  },
  async sleep(ms, signal) {
    return sleepWith(this, ms, signal)
  },
}

/** `Clock.sleep` in terms of `Clock.after`, for every implementation of a clock. */
export async function sleepWith(clock: Pick<Clock, 'after'>, ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    const onAbort = () => {
      cancel()
      reject(signal?.reason as Error)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
