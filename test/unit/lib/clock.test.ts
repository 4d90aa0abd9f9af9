/** The machine's clock: waiting can be called off, and calling off leaves nothing behind. */
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it } from 'node:test'
import { type Cancel, sleepWith, systemClock } from '../../../src/lib/clock.ts'

/** A clock that stands still until it is told to ring. */
function standingClock() {
  const waiting = new Map<() => void, number>()
  return {
    waiting,
    after(ms: number, fn: () => void): Cancel {
      waiting.set(fn, ms)
      return () => void waiting.delete(fn)
    },
    ring() {
      for (const fn of waiting.keys()) fn()
      waiting.clear()
    },
  }
}

const aDay = 24 * 3_600_000

describe('sleeping', () => {
  it('ends when the time has come, and no longer listens to the signal', async () => {
    const clock = standingClock()
    const { signal } = new AbortController()
    const sleeping = sleepWith(clock, aDay, signal)
    assert.deepEqual([...clock.waiting.values()], [aDay])
    clock.ring()
    await sleeping
    assert.equal(getEventListeners(signal, 'abort').length, 0)
  })

  it('ends with the reason of the signal when it is aborted, and the timer is gone', async () => {
    const clock = standingClock()
    const controller = new AbortController()
    const sleeping = sleepWith(clock, aDay, controller.signal)
    controller.abort(new Error('shutting down'))
    await assert.rejects(sleeping, { message: 'shutting down' })
    assert.equal(clock.waiting.size, 0)
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
  })

  it('does not begin under a signal that is aborted already', async () => {
    const clock = standingClock()
    await assert.rejects(sleepWith(clock, aDay, AbortSignal.abort(new Error('too late'))), { message: 'too late' })
    assert.equal(clock.waiting.size, 0)
  })
})

describe("the machine's clock", { timeout: 60_000 }, () => {
  it('sleeps until it is aborted', async () => {
    const controller = new AbortController()
    const sleeping = systemClock.sleep(aDay, controller.signal)
    controller.abort(new Error('enough'))
    await assert.rejects(sleeping, { message: 'enough' })
  })

  it('sleeps for the time asked', async () => {
    const before = systemClock.monotonic()
    await systemClock.sleep(5)
    // Timers are rounded to whole milliseconds.
    assert.ok(systemClock.monotonic() - before >= 4)
  })

  it('calls nothing after it has been cancelled, however often', async () => {
    const calls: string[] = []
    const cancel = systemClock.after(1, () => calls.push('cancelled'))
    cancel()
    cancel()
    await new Promise<void>((resolve) => {
      systemClock.after(5, () => {
        calls.push('kept')
        resolve()
      })
    })
    cancel()
    assert.deepEqual(calls, ['kept'])
  })

  it('does not take a wait of more than 24 days for none at all', async () => {
    const calls: string[] = []
    const cancel = systemClock.after(365 * aDay, () => calls.push('a year'))
    await new Promise<void>((resolve) => {
      systemClock.after(20, resolve)
    })
    cancel()
    assert.deepEqual(calls, [])
  })

  it('tells wall time in milliseconds since the epoch, and a monotonic time that never goes back', () => {
    assert.ok(Math.abs(systemClock.now() - new Date().getTime()) < 60_000)
    const [first, second] = [systemClock.monotonic(), systemClock.monotonic()]
    assert.ok(second >= first)
  })
})
