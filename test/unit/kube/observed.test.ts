/** What controllers, caches and the holder of the lease tell of their work. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KubeClient } from '../../../src/kube/client.ts'
import { type ControllerDeps, createController, TerminalError } from '../../../src/kube/controller.ts'
import { KubeApiError } from '../../../src/kube/errors.ts'
import { createInformer } from '../../../src/kube/informer.ts'
import { configMapKind } from '../../../src/kube/objects.ts'
import { countFollowing, tellLeading } from '../../../src/kube/observed.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import { createRecordingLog } from './recording-log.ts'
import { apiError, createScriptedClient } from './scripted-client.ts'

/** How one reconcile ended, as told. */
async function outcomeOf(reconcile: ControllerDeps['reconcile']): Promise<string> {
  const told = Promise.withResolvers<string>()
  const controller = createController({
    name: 'widgets',
    workers: 1,
    reconcile,
    metrics: { queue: () => undefined, reconcile: (name) => (outcome) => told.resolve(`${name} ${outcome}`) },
    clock: createManualClock(),
    log: createRecordingLog().log,
  })
  const stop = new AbortController()
  const running = controller.run(stop.signal)
  controller.enqueue({ name: 'a' })
  const outcome = await told.promise
  stop.abort()
  await running
  return outcome
}

const failing = (error: Error) => async () => {
  throw error
}

describe('a controller', () => {
  it('tells how each reconcile has ended', async () => {
    assert.equal(await outcomeOf(async () => ({ kind: 'done' })), 'widgets done')
    assert.equal(await outcomeOf(async () => ({ kind: 'again', afterMs: 1 })), 'widgets again')
    assert.equal(await outcomeOf(failing(new Error('no'))), 'widgets retry')
    assert.equal(await outcomeOf(failing(new TerminalError('never'))), 'widgets terminal')
  })

  it('tells two writers that met apart from a failure', async () => {
    const subject = { verb: 'patch', resource: 'widgets' }
    const conflict = new KubeApiError(subject, { status: 409, reason: 'Conflict', message: 'changed' })
    assert.equal(await outcomeOf(failing(conflict)), 'widgets conflict')
  })

  it('lets be asked how many keys wait', () => {
    let size: (() => number) | undefined
    const controller = createController({
      name: 'widgets',
      workers: 1,
      reconcile: async () => ({ kind: 'done' }),
      metrics: {
        queue: (name, read) => {
          assert.equal(name, 'widgets')
          size = read
        },
        reconcile: () => () => undefined,
      },
      clock: createManualClock(),
      log: createRecordingLog().log,
    })
    assert.equal(size?.(), 0)
    controller.enqueue({ name: 'a' })
    controller.enqueue({ name: 'b' })
    controller.enqueue({ name: 'a' })
    assert.equal(size?.(), 2)
  })
})

describe('a cache', () => {
  it('tells each list and each watch, also the ones that fail', async () => {
    const scripted = createScriptedClient()
    scripted.lists = [apiError(500, 'InternalError'), { items: [], resourceVersion: '5' }]
    const told: string[] = []
    const clock = createManualClock()
    const informer = createInformer({
      client: countFollowing(scripted.client as KubeClient, {
        listed: (resource) => told.push(`list ${resource}`),
        watched: (resource) => told.push(`watch ${resource}`),
      }),
      kind: configMapKind,
      clock,
      log: createRecordingLog().log,
    })
    const stop = new AbortController()
    const running = informer.run(stop.signal)
    await clock.timers(1)
    await clock.advance(1_000)
    const watch = await scripted.watch()
    assert.deepEqual(told, ['list configmaps', 'list configmaps', 'watch configmaps'])
    assert.deepEqual(scripted.requests, ['list', 'list', 'watch 5'])
    stop.abort()
    watch.end()
    await running
  })
})

describe('the holder of the lease', () => {
  it('leads while its work runs, and no longer, also where that fails', async () => {
    const told: boolean[] = []
    const metrics = { leads: (isLeader: boolean) => told.push(isLeader) }
    const work = Promise.withResolvers<void>()
    const { signal } = new AbortController()
    const leading = tellLeading(async () => work.promise, metrics)(signal)
    assert.deepEqual(told, [true])
    work.reject(new Error('broken'))
    await assert.rejects(leading, /broken/)
    assert.deepEqual(told, [true, false])
  })
})
