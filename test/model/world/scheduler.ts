/**
 * What is under way in a world, and in which order it arrives: steps, time and timers. One step happens at a time, and
 * everything that it sets off comes to rest before the next one.
 */
import type { Cancel, Clock } from '../../../src/lib/clock.ts'
import { sleepWith } from '../../../src/lib/clock.ts'
import type { Chance } from './random.ts'

/** A program that can die at any moment: nothing that it has begun goes on then. */
export interface Process {
  readonly name: string
  isAlive: boolean
  /** How far its wall clock is ahead, milliseconds. */
  skew: number
}

export interface Scheduler {
  /** Something that will arrive, at no certain time; nothing where its owner is dead by then. */
  add(owner: Process | undefined, run: () => void): void
  /** Calls after so many milliseconds of the world, whoever is alive. */
  after(ms: number, run: () => void): Cancel
  clockOf(owner: Process): Clock
  /** Milliseconds since the world began. */
  elapsed(): number
  /** Wall clock of the world, ms since the epoch. */
  now(): number
  /** Does one step; where there is none, time goes on to the next timer. */
  step(): Promise<void>
  /** Whether nothing is under way: only time can bring something. */
  isIdle(): boolean
  /** Lets so much time pass, with all that happens in it. Throws `Restless`. */
  pass(ms: number): Promise<void>
  /** Everything arrives in order from now on. */
  calm(): void
  /** Drops what the dead have left. */
  bury(): void
}

/** There is always more to do, and time does not go on. */
export class Restless extends Error {}

interface Timer {
  readonly due: number
  readonly owner: Process | undefined
  readonly fire: () => void
}

/** A Saturday at noon. */
const begin = Date.UTC(2030, 0, 5, 12)
/** Many times of what happens in any time that a run lets pass. */
const mostSteps = 50_000
/** The longest that one step takes, milliseconds. */
const longestStep = 12

export function createScheduler(deps: { chance: () => Chance; rest: () => Promise<void> }): Scheduler {
  let elapsed = 0
  let isCalm = false
  let steps: { owner: Process | undefined; run: () => void }[] = []
  let timers: Timer[] = []

  function after(owner: Process | undefined, ms: number, fire: () => void): Cancel {
    const due = elapsed + ms
    // A part of a millisecond may be lost in so large a number, and time has to go on: no timer of Node is shorter than one.
    const timer = { due: due > elapsed || ms <= 0 ? Math.max(due, elapsed) : elapsed + 1, owner, fire }
    timers.push(timer)
    return () => {
      timers = timers.filter((other) => other !== timer)
    }
  }

  function earliest(): Timer | undefined {
    let first: Timer | undefined
    for (const timer of timers) if (first === undefined || timer.due < first.due) first = timer
    return first
  }

  async function fire(timer: Timer): Promise<void> {
    elapsed = Math.max(elapsed, timer.due)
    timers = timers.filter((other) => other !== timer)
    if (timer.owner?.isAlive === false) return
    timer.fire()
    await deps.rest()
  }

  async function runOne(): Promise<void> {
    const [{ owner, run } = { owner: undefined, run: () => undefined }] = steps.splice(
      isCalm ? 0 : deps.chance().below(steps.length),
      1,
    )
    if (owner?.isAlive === false) return
    run()
    await deps.rest()
  }

  /** Until there is nothing left to do, or this moment. */
  async function step(until: number): Promise<void> {
    if (steps.length > 0) elapsed = Math.min(until, elapsed + deps.chance().below(longestStep))
    const timer = earliest()
    if (timer !== undefined && timer.due <= (steps.length > 0 ? elapsed : until)) return fire(timer)
    if (steps.length > 0) return runOne()
    if (until < Infinity) elapsed = until
  }

  return {
    add: (owner, run) => void steps.push({ owner, run }),
    after: (ms, run) => after(undefined, ms, run),
    clockOf(owner) {
      const clock: Clock = {
        now: () => Math.floor(begin + elapsed) + owner.skew,
        monotonic: () => elapsed,
        after: (ms, run) => after(owner, ms, run),
        sleep: async (ms, signal) => sleepWith(clock, ms, signal),
      }
      return clock
    },
    elapsed: () => elapsed,
    now: () => Math.floor(begin + elapsed),
    step: async () => step(Infinity),
    isIdle: () => steps.length === 0,
    async pass(ms) {
      const until = elapsed + ms
      for (let steps = 0; elapsed < until; steps += 1) {
        if (steps > mostSteps) throw new Restless(`after ${mostSteps} steps, ${until - elapsed} ms are left of ${ms}`)
        await step(until)
      }
    },
    calm() {
      isCalm = true
    },
    bury() {
      steps = steps.filter(({ owner }) => owner?.isAlive !== false)
      timers = timers.filter(({ owner }) => owner?.isAlive !== false)
    },
  }
}
