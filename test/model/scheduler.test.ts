/** The time of a world goes on, whatever its programs wait for. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createChance } from './world/random.ts'
import { rest } from './world/rest.ts'
import { createScheduler, Restless } from './world/scheduler.ts'

/** A program that waits again and again, each time as long as this says; `late` is a moment of its clock. */
function waiting(ms: (now: number) => number) {
  const scheduler = createScheduler({ chance: () => createChance(1), rest })
  const clock = scheduler.clockOf({ name: 'program', isAlive: true, skew: 0 })
  const wait = () => void clock.after(ms(clock.monotonic()), wait)
  wait()
  return scheduler
}

describe('the time of a world', () => {
  it('goes on where a program waits for less than its clock can tell', async () => {
    const late = 300_000.2
    const scheduler = waiting((now) => (now < late ? late - now : 1e-11))
    await scheduler.pass(late + 10)
    assert.equal(scheduler.elapsed(), late + 10)
  })

  it('is given up where a program never waits', async () => {
    await assert.rejects(waiting(() => 0).pass(1), Restless)
  })
})
