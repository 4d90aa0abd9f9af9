/**
 * The time of a simulated world: one monotonic clock that a test moves, and any number of wall clocks on it that may be
 * wrong. Owns time and timers only; a thousand of them cost little.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { type Clock, sleepWith } from '../../../src/lib/clock.ts'

/** The clock of one process or machine. Its monotonic clock is everybody's, its wall clock is its own. */
export interface WallClock extends Clock {
  /** How wrong the wall clock is from now on, milliseconds; the monotonic clock goes on. */
  mistake(ms: number): void
  /** How far the wall clock is ahead of the right time, milliseconds; negative where it is behind. */
  wrongBy(): number
}

export interface Timeline {
  /** Milliseconds since the beginning. */
  elapsed(): number
  clock(): WallClock
  /** Moves time forward and fires what falls due, in order; between two timers everything runs that needs no time. */
  advance(ms: number): Promise<void>
}

interface Timer {
  readonly due: number
  readonly fire: () => void
}

/** Timers that fall due within the same span lie together, so that none of the others is looked at. Milliseconds. */
const span = 1_000

/** As with a real timer: a wait so short that adding it changes no number would be over, and begin anew, for ever. Milliseconds. */
const soonest = 1

/** `start` is what a right wall clock shows at the beginning, milliseconds since the epoch. */
export function createTimeline(start: number): Timeline {
  let elapsed = 0
  const spans = new Map<number, Set<Timer>>()

  function put(timer: Timer): () => void {
    const index = Math.floor(timer.due / span)
    const timers = spans.get(index) ?? new Set()
    spans.set(index, timers.add(timer))
    return () => {
      timers.delete(timer)
    }
  }

  function earliest(index: number, until: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of spans.get(index) ?? [])
      if (timer.due <= until && (first === undefined || timer.due < first.due)) first = timer
    return first
  }

  return {
    elapsed: () => elapsed,
    clock() {
      let wrong = 0
      return {
        now: () => Math.floor(start + elapsed + wrong),
        monotonic: () => elapsed,
        after: (ms, fire) => put({ due: elapsed + Math.max(ms, soonest), fire }),
        async sleep(ms, signal) {
          return sleepWith(this, ms, signal)
        },
        mistake(ms) {
          wrong = ms
        },
        wrongBy: () => wrong,
      }
    },
    async advance(ms) {
      const until = elapsed + ms
      for (let index = Math.floor(elapsed / span); index <= Math.floor(until / span); index += 1) {
        for (let timer = earliest(index, until); timer !== undefined; timer = earliest(index, until)) {
          elapsed = Math.max(elapsed, timer.due)
          spans.get(index)?.delete(timer)
          timer.fire()
          await turn()
        }
        if ((index + 1) * span <= until) spans.delete(index)
      }
      elapsed = until
    },
  }
}
