import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createClient, type KubeClient } from '../../src/kube/client.ts'
import { createController } from '../../src/kube/controller.ts'
import type { InformerDeps } from '../../src/kube/informer.ts'
import { type ConfigMap, configMapKind, keyOf } from '../../src/kube/objects.ts'
import { connect, type KubeTransport } from '../../src/kube/transport.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { type ControlPlane, startControlPlane } from '../../tools/controlplane/control-plane.ts'
import { follow, untilHolds } from '../support/kube-follower.ts'
import { createManualClock } from '../support/manual-clock.ts'
import { createRecordingLog } from '../unit/kube/recording-log.ts'

const fieldManager = 'test'

describe('an informer on a real API server', { timeout: 60_000 }, () => {
  let controlPlane: ControlPlane
  let transport: KubeTransport
  let client: KubeClient

  before(async () => {
    controlPlane = await startControlPlane({ name: 'kube-informer' })
    transport = await connect({ kubeconfig: controlPlane.kubeconfig, userAgent: 'kube-informer-test' })
    client = createClient(transport)
  })
  after(async () => {
    await transport.close()
    await controlPlane.stop()
  })

  it('sees what is created, changed and deleted, characters of all lengths included', async (context) => {
    const { informer, changes } = await follow(context, client, 'follows')
    const key = { namespace: 'follows', name: 'a' }
    await client.create(configMapKind, { metadata: key, data: { text: 'äöü €uro 😀'.repeat(10_000) } })
    await untilHolds(informer, () => informer.get(key) !== undefined)
    assert.equal(informer.get(key)?.data?.['text'], 'äöü €uro 😀'.repeat(10_000))
    await client.mergePatch(configMapKind, key, { data: { text: 'short' } }, { fieldManager })
    await untilHolds(informer, () => informer.get(key)?.data?.['text'] === 'short')
    await client.delete(configMapKind, key)
    await untilHolds(informer, () => informer.get(key) === undefined)
    assert.deepEqual(changes, ['added a', 'updated a', 'deleted a'])
  })

  it('selects one object by name', async (context) => {
    const { informer, changes } = await follow(context, client, 'by-name', { fieldSelector: 'metadata.name=b' })
    for (const name of ['a', 'b']) await client.create(configMapKind, { metadata: { namespace: 'by-name', name } })
    await untilHolds(informer, () => informer.list().length > 0)
    assert.deepEqual(changes, ['added b'])
  })

  it('is back after the API server was killed, and has missed neither a deletion nor a successor', async (context) => {
    const namespace = 'restarts'
    // Its clock stands still, so the informer comes back when the test says so, after the changes that it must find.
    const clock = createManualClock()
    const { informer, changes, lines, line } = await follow(context, client, namespace, { clock })
    for (const name of ['kept', 'deleted', 'replaced']) {
      await client.create(configMapKind, { metadata: { namespace, name } })
    }
    await untilHolds(informer, () => informer.list().length === 3)
    changes.length = 0

    await controlPlane.stopApiServer()
    await line(({ message }) => message === 'watch interrupted')
    await controlPlane.startApiServer()
    await client.delete(configMapKind, { namespace, name: 'deleted' })
    await client.delete(configMapKind, { namespace, name: 'replaced' })
    const successor = await client.create(configMapKind, { metadata: { namespace, name: 'replaced' } })
    assert.equal(informer.list().length, 3, 'what was known is kept')
    await clock.advance(800)

    await untilHolds(informer, () => informer.get(keyOf(successor))?.metadata.uid === successor.metadata.uid)
    await untilHolds(informer, () => informer.list().length === 2)
    assert.deepEqual(changes.toSorted(), ['added replaced', 'deleted deleted', 'deleted replaced'])
    assert.equal(
      lines.some(({ level }) => level === 'error'),
      false,
    )
  })

  it('lists anew when the server has forgotten the version it would continue from', async (context) => {
    const namespace = 'expired'
    const versions: string[] = []
    const clock = createManualClock()
    const forgetful: InformerDeps<ConfigMap>['client'] = {
      list: async (kind, options) => client.list(kind, options),
      async watch(kind, options) {
        // The first watch asks for a version from before this server's memory.
        const resourceVersion = versions.length === 0 ? '1' : options.resourceVersion
        versions.push(resourceVersion)
        return client.watch(kind, { ...options, resourceVersion })
      },
    }
    const { informer, line } = await follow(context, client, namespace, { client: forgetful, clock })
    const { fields } = await line(({ message }) => message === 'watch interrupted')
    assert.match(String(fields['err']), /watch configmaps expired: 410 Expired: too old resource version: 1/)
    await client.create(configMapKind, { metadata: { namespace, name: 'a' } })
    await clock.timers(1)
    await clock.advance(800)
    await untilHolds(informer, () => informer.list().length === 1)
  })

  it('drives a controller whose log says which version it has handled', async (context) => {
    const namespace = 'controlled'
    const { informer } = await follow(context, client, namespace)
    const { log, line } = createRecordingLog()
    const stop = new AbortController()
    const controller = createController({
      name: 'copies',
      workers: 2,
      async reconcile(key) {
        const object = informer.get(key)
        if (object?.data === undefined || object.metadata.name.endsWith('-copy')) return { kind: 'done' }
        const copy = { metadata: { namespace, name: `${key.name}-copy` }, data: object.data }
        await client.apply(configMapKind, copy, { fieldManager })
        return { kind: 'done' }
      },
      resourceVersion: (key) => informer.get(key)?.metadata.resourceVersion,
      clock: systemClock,
      log,
    })
    informer.onChange(({ object }) => controller.enqueue(keyOf(object)))
    const running = controller.run(stop.signal)
    const { metadata } = await client.create(configMapKind, { metadata: { namespace, name: 'a' }, data: { x: '1' } })
    await line(
      ({ message, fields }) =>
        message === 'reconciled' &&
        fields['object'] === 'controlled/a' &&
        fields['resourceVersion'] === metadata.resourceVersion,
    )
    assert.deepEqual((await client.get(configMapKind, { namespace, name: 'a-copy' }))?.data, { x: '1' })
    stop.abort()
    await running
  })
})
