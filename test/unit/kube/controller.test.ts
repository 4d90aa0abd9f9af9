import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ControllerDeps, createController, TerminalError } from '../../../src/kube/controller.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import { createRecordingLog } from './recording-log.ts'
import { apiError } from './scripted-client.ts'

const key = { namespace: 'ns', name: 'a' }

/** A running controller, whose reconciles are counted. */
function start(reconcile: ControllerDeps['reconcile'], more: Partial<ControllerDeps> = {}) {
  const clock = createManualClock()
  const { log, lines, line } = createRecordingLog()
  const stop = new AbortController()
  let count = 0
  const controller = createController({
    name: 'widgets',
    workers: 2,
    clock,
    log,
    ...more,
    async reconcile(object, context) {
      count += 1
      return reconcile(object, context)
    },
  })
  return { clock, lines, line, stop, controller, running: controller.run(stop.signal), reconciles: () => count }
}

describe('a controller', () => {
  it('says which version of which object it has handled', async () => {
    const { controller, stop, running, line } = start(async () => ({ kind: 'done' }), { resourceVersion: () => '42' })
    controller.enqueue(key)
    const { level, fields } = await line(({ message }) => message === 'reconciled')
    assert.equal(level, 'debug')
    const { reconcileId, ...rest } = fields
    assert.deepEqual(rest, { controller: 'widgets', object: 'ns/a', resourceVersion: '42', outcome: 'done' })
    assert.match(String(reconcileId), /^[0-9a-f-]{36}$/)
    stop.abort()
    await running
  })

  it('names the version that was there when the work began, not a later one', async () => {
    let version = '1'
    const { controller, stop, running, line } = start(
      async () => {
        version = '2'
        return { kind: 'done' }
      },
      { resourceVersion: () => version },
    )
    controller.enqueue(key)
    const { fields } = await line(({ message }) => message === 'reconciled')
    assert.equal(fields['resourceVersion'], '1')
    stop.abort()
    await running
  })

  it('looks again after the time that the reconcile asks for', async () => {
    const { clock, controller, stop, running, reconciles } = start(async () => ({ kind: 'again', afterMs: 60_000 }))
    controller.enqueue(key)
    await clock.advance(59_999)
    assert.equal(reconciles(), 1)
    await clock.advance(1)
    assert.equal(reconciles(), 2)
    stop.abort()
    await running
  })

  it('does once what is asked for again and again within the time that it may wait', async () => {
    const { controller, clock, stop, running, reconciles } = start(async () => ({ kind: 'done' }))
    controller.enqueueAfter(key, 250)
    await clock.advance(200)
    controller.enqueueAfter(key, 250)
    assert.equal(reconciles(), 0)
    await clock.advance(50)
    assert.equal(reconciles(), 1)
    await clock.advance(1_000)
    assert.equal(reconciles(), 1)
    stop.abort()
    await running
  })

  it('tries again after a failure, and warns', async () => {
    let fails = 2
    const { clock, controller, stop, running, reconciles, lines } = start(async () => {
      if (fails-- > 0) throw new Error('out of order')
      return { kind: 'done' }
    })
    controller.enqueue(key)
    await clock.advance(1000)
    assert.equal(reconciles(), 3)
    assert.deepEqual(
      lines.map(({ level, message, fields }) => [level, message, fields['outcome']]),
      [
        ['warn', 'reconcile failed', 'retry'],
        ['warn', 'reconcile failed', 'retry'],
        ['debug', 'reconciled', 'done'],
      ],
    )
    stop.abort()
    await running
  })

  it('tries again after a conflict without troubling anybody', async () => {
    let fails = 1
    const { clock, controller, stop, running, lines } = start(async () => {
      if (fails-- > 0) throw apiError(409, 'Conflict')
      return { kind: 'done' }
    })
    controller.enqueue(key)
    await clock.advance(1000)
    assert.deepEqual(
      lines.map(({ level }) => level),
      ['debug', 'debug'],
    )
    stop.abort()
    await running
  })

  it('stays away as long as the server asks', async () => {
    const { clock, controller, stop, running, reconciles } = start(async () => {
      throw apiError(429, 'TooManyRequests', 30_000)
    })
    controller.enqueue(key)
    await clock.advance(29_999)
    assert.equal(reconciles(), 1)
    await clock.advance(1)
    assert.equal(reconciles(), 2)
    stop.abort()
    await running
  })

  it('does not try again after a terminal error, but takes the next change', async () => {
    const { clock, controller, stop, running, reconciles, lines } = start(async () => {
      throw new TerminalError('the name is not valid')
    })
    controller.enqueue(key)
    await clock.advance(3_600_000)
    assert.equal(reconciles(), 1)
    assert.equal(lines.at(-1)?.level, 'error')
    controller.enqueue(key)
    await clock.advance(0)
    assert.equal(reconciles(), 2)
    stop.abort()
    await running
  })

  it('works on different keys at the same time, on one key never', async () => {
    const gates: PromiseWithResolvers<void>[] = []
    const { clock, controller, stop, running, reconciles } = start(async () => {
      const gate = Promise.withResolvers<void>()
      gates.push(gate)
      await gate.promise
      return { kind: 'done' }
    })
    controller.enqueue(key)
    await clock.advance(0)
    controller.enqueue(key)
    await clock.advance(0)
    assert.equal(reconciles(), 1)
    controller.enqueue({ name: 'cluster-scoped' })
    await clock.advance(0)
    assert.equal(reconciles(), 2)
    gates[0]?.resolve()
    await clock.advance(0)
    assert.equal(reconciles(), 3, 'the change that came meanwhile')
    for (const gate of gates) gate.resolve()
    stop.abort()
    await running
  })

  it('lets running work finish when it is stopped, and starts nothing more', async () => {
    const gate = Promise.withResolvers<void>()
    let aborted: boolean | undefined
    let ended = false
    const { clock, controller, stop, running, reconciles } = start(
      async (_, { signal }) => {
        await gate.promise
        aborted = signal.aborted
        return { kind: 'again', afterMs: 1 }
      },
      { workers: 1 },
    )
    controller.enqueue(key)
    controller.enqueue({ namespace: 'ns', name: 'waiting' })
    await clock.advance(0)
    stop.abort()
    const end = running.finally(() => {
      ended = true
    })
    await clock.advance(19_999)
    assert.equal(ended, false)
    gate.resolve()
    await end
    assert.equal(aborted, false)
    await clock.advance(60_000)
    assert.equal(reconciles(), 1)
    assert.equal(clock.pending(), 0)
  })

  it('tells work that does not finish within 20 s of a stop to give up', async () => {
    const { clock, controller, stop, running, lines } = start(async (_, { signal }) => {
      const { promise, reject } = Promise.withResolvers<never>()
      signal.addEventListener('abort', () => reject(signal.reason))
      return promise
    })
    controller.enqueue(key)
    await clock.advance(0)
    stop.abort(new Error('stopping'))
    await clock.advance(20_000)
    await running
    assert.deepEqual(lines, [])
  })
})
