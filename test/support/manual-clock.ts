/** A clock that stands still until a test moves it. Owns time and timers only; it runs no code of its own accord. */
import { type Clock, sleepWith } from '../../src/lib/clock.ts'

export interface ManualClock extends Clock {
  /**
   * Moves time forward by `ms` and fires what falls due, in order. Between two timers pending promises get to run, so
   * that a timer which they set within the span fires too.
   */
  advance(ms: number): Promise<void>
  /** Timers that wait. */
  pending(): number
  /** Resolves as soon as at least this many timers wait: the code under test has come to rest. */
  timers(count: number): Promise<void>
}

interface Timer {
  readonly due: number
  readonly fire: () => void
}

/** `now` is the wall clock at the start, milliseconds since the epoch; the monotonic clock starts at 0. */
export function createManualClock({ now = Date.UTC(2030, 0, 1) }: { now?: number } = {}): ManualClock {
  let elapsed = 0
  const timers = new Set<Timer>()
  let watchers: { count: number; resolve: () => void }[] = []

  function earliest(until: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of timers) if (timer.due <= until && (first === undefined || timer.due < first.due)) first = timer
    return first
  }

  return {
    // Whole, as the machine's is: timers of a random length fall due in between.
    now: () => Math.floor(now + elapsed),
    monotonic: () => elapsed,
    after(ms, fire) {
      const timer = { due: elapsed + Math.max(ms, 0), fire }
      timers.add(timer)
      for (const watcher of watchers) if (timers.size >= watcher.count) watcher.resolve()
      watchers = watchers.filter((watcher) => timers.size < watcher.count)
      return () => {
        timers.delete(timer)
      }
    },
    async sleep(ms, signal) {
      return sleepWith(this, ms, signal)
    },
    async advance(ms) {
      const until = elapsed + ms
      await settle()
      for (let timer = earliest(until); timer !== undefined; timer = earliest(until)) {
        elapsed = Math.max(elapsed, timer.due)
        timers.delete(timer)
        timer.fire()
        await settle()
      }
      elapsed = until
    },
    pending: () => timers.size,
    async timers(count) {
      if (timers.size >= count) return
      const reached = Promise.withResolvers<void>()
      watchers.push({ count, resolve: reached.resolve })
      await reached.promise
    },
  }
}

/** Lets everything run that needs no timer: a turn of the event loop comes after all microtasks. */
async function settle(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
}
