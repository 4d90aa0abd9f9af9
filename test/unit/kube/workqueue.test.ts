import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createWorkQueue } from '../../../src/kube/workqueue.ts'
import { createManualClock } from '../../support/manual-clock.ts'

function setUp() {
  const clock = createManualClock()
  return { clock, queue: createWorkQueue({ clock }) }
}

describe('the work queue', () => {
  it('gives a key once, however often it was added', async () => {
    const { queue } = setUp()
    for (const key of ['a', 'b', 'a', 'a']) queue.add(key)
    assert.equal(queue.size(), 2)
    assert.equal(await queue.take(), 'a')
    assert.equal(await queue.take(), 'b')
    assert.equal(queue.size(), 0)
  })

  it('never gives a key to two takers, and gives it again when the first is done', async () => {
    const { queue } = setUp()
    queue.add('a')
    await queue.take()
    queue.add('a')
    queue.add('a')
    assert.equal(queue.size(), 0)
    queue.done('a')
    assert.equal(queue.size(), 1)
    assert.equal(await queue.take(), 'a')
    queue.done('a')
    assert.equal(queue.size(), 0)
  })

  it('serves those who wait in their order', async () => {
    const { queue } = setUp()
    const takers = Promise.all([queue.take(), queue.take()])
    queue.add('first')
    queue.add('second')
    assert.deepEqual(await takers, ['first', 'second'])
  })

  it('lets the earliest of several delays win', async () => {
    const { clock, queue } = setUp()
    queue.addAfter('a', 5000)
    queue.addAfter('a', 1000)
    queue.addAfter('a', 9000)
    await clock.advance(999)
    assert.equal(queue.size(), 0)
    await clock.advance(1)
    assert.equal(queue.size(), 1)
    await queue.take()
    queue.done('a')
    await clock.advance(60_000)
    assert.equal(queue.size(), 0, 'the later wishes were dropped')
  })

  it('doubles the wait of a key that fails, from 5 ms up to 5 minutes', async () => {
    const { clock, queue } = setUp()
    const waits: number[] = []
    for (let failure = 0; failure < 20; failure++) {
      queue.addRateLimited('a')
      const before = clock.monotonic()
      const taken = queue.take()
      while (clock.pending() > 0) await clock.advance(1 + (clock.monotonic() - before) / 50)
      await taken
      queue.done('a')
      waits.push(clock.monotonic() - before)
    }
    for (const [failure, wait] of waits.entries()) {
      const ceiling = Math.min(300_000, 5 * 2 ** failure)
      // The clock moves in steps of 2 % and 1 ms.
      assert.ok(wait >= ceiling / 2 && wait <= ceiling * 1.02 + 2, `wait ${failure} was ${wait} ms`)
    }
  })

  it('starts the backoff anew after a success, and keeps it apart for each key', async () => {
    const { clock, queue } = setUp()
    for (let failure = 0; failure < 12; failure++) {
      queue.addRateLimited('a')
      await clock.advance(300_000)
      await queue.take()
      queue.done('a')
    }
    queue.forget('a')
    queue.addRateLimited('a')
    queue.addRateLimited('b')
    await clock.advance(5)
    assert.equal(queue.size(), 2)
  })

  it('does not come back before the time the server has asked for', async () => {
    const { clock, queue } = setUp()
    queue.addRateLimited('a', 30_000)
    await clock.advance(29_999)
    assert.equal(queue.size(), 0)
    await clock.advance(1)
    assert.equal(queue.size(), 1)
  })

  it('gives nothing after the shut-down, to those who wait neither, and leaves no timer behind', async () => {
    const { clock, queue } = setUp()
    const waiting = queue.take()
    queue.addAfter('later', 1000)
    queue.shutDown()
    queue.add('a')
    queue.addAfter('b', 1)
    queue.addRateLimited('c')
    assert.equal(await waiting, undefined)
    assert.equal(await queue.take(), undefined)
    assert.equal(clock.pending(), 0)
  })
})
