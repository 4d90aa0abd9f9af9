import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { createClient, type KubeClient } from '../../src/kube/client.ts'
import { KubeApiError } from '../../src/kube/errors.ts'
import { createInformer } from '../../src/kube/informer.ts'
import { type ConfigMap, configMapKind, namespaceKind } from '../../src/kube/objects.ts'
import { connect, type KubeTransport } from '../../src/kube/transport.ts'
import { type ControlPlane, startControlPlane } from '../../tools/controlplane/control-plane.ts'
import { copyEtcd } from '../support/etcd-copy.ts'
import { type Etcd, etcdOf } from '../support/kube-etcd.ts'
import { follow, untilHolds } from '../support/kube-follower.ts'
import { startKubeRelay } from '../support/kube-relay.ts'
import { createManualClock } from '../support/manual-clock.ts'
import { createRecordingLog, type LogLine } from '../unit/kube/recording-log.ts'

const isExpired = ({ fields }: LogLine) => /410 (Expired|Gone)/.test(String(fields['err']))
const isInterrupted = ({ message }: LogLine) => message === 'watch interrupted'

describe('an informer on a database that forgets and an API server that is away', { timeout: 180_000 }, () => {
  let controlPlane: ControlPlane
  let etcd: Etcd
  let transport: KubeTransport
  let client: KubeClient

  before(async () => {
    // With a cache the API server would itself remember for a while what etcd has forgotten.
    controlPlane = await startControlPlane({ name: 'kube-etcd', apiServerFlags: ['--watch-cache=false'] })
    etcd = etcdOf(controlPlane)
    transport = await connect({ kubeconfig: controlPlane.kubeconfig, userAgent: 'kube-etcd-test' })
    client = createClient(transport)
  })
  after(async () => {
    await transport.close()
    await controlPlane.stop()
  })

  /** An informer that follows, has seen an object called `old`, and on whose clock the test decides. */
  async function followOld(context: TestContext, namespace: string, by: KubeClient) {
    const clock = createManualClock()
    const follower = await follow(context, client, namespace, { client: by, clock })
    await client.create(configMapKind, { metadata: { namespace, name: 'old' } })
    await untilHolds(follower.informer, () => follower.informer.list().length === 1)
    follower.changes.length = 0
    const sees = (name: string) => follower.informer.get({ namespace, name }) !== undefined
    const untilTrue = async () => untilHolds(follower.informer, () => sees('new') && !sees('old'))
    return { ...follower, clock, untilTrue }
  }

  it('finds what was deleted while it was cut off, though its version was compacted away', async (context) => {
    const namespace = 'compacted'
    const relay = await startKubeRelay(context, controlPlane)
    const relayed = await connect({ kubeconfig: relay.kubeconfig, userAgent: 'kube-etcd-test' })
    context.after(async () => relayed.close())
    const { clock, changes, line, untilTrue } = await followOld(context, namespace, createClient(relayed))
    relay.cut()
    await line(isInterrupted)
    await client.delete(configMapKind, { namespace, name: 'old' })
    await client.create(configMapKind, { metadata: { namespace, name: 'new' } })
    await etcd.compact()
    await clock.advance(800)
    await untilTrue()
    assert.deepEqual(changes, ['deleted old', 'added new'])
  })

  it('begins a list anew whose next page was compacted away', async (context) => {
    const namespace = 'many'
    await client.create(namespaceKind, { metadata: { name: namespace } })
    const names = Array.from({ length: 501 }, (_, index) => `object-${index}`)
    await Promise.all(names.map(async (name) => client.create(configMapKind, { metadata: { namespace, name } })))
    let pages = 0
    const compacting = createClient({
      ...transport,
      async request(request) {
        const answer = await transport.request(request)
        pages += 1
        if (pages > 1) return answer
        await client.delete(configMapKind, { namespace, name: 'object-0' })
        await etcd.compact()
        return answer
      },
    })
    const clock = createManualClock()
    const { log, line } = createRecordingLog()
    const stop = new AbortController()
    const informer = createInformer<ConfigMap>({ client: compacting, kind: configMapKind, namespace, clock, log })
    const running = informer.run(stop.signal)
    context.after(async () => {
      stop.abort()
      await running
    })
    await line(isExpired)
    assert.equal(informer.hasSynced(), false, 'half a list is none')
    await clock.advance(800)
    await informer.synced(stop.signal)
    assert.equal(informer.list().length, 500)
    assert.equal(informer.get({ namespace, name: 'object-0' }), undefined)
  })

  it('finds what was deleted while the API server was down, and so does the next request', async (context) => {
    const namespace = 'outage'
    const { clock, changes, line, informer, untilTrue } = await followOld(context, namespace, client)
    const old = { namespace, name: 'old' }
    await controlPlane.stopApiServer()
    await line(isInterrupted)
    await assert.rejects(client.get(configMapKind, old), (error) => error instanceof KubeApiError && error.status === 0)
    await etcd.remove('configmaps', old)
    await controlPlane.startApiServer()
    assert.equal(await client.get(configMapKind, old), undefined)
    await client.create(configMapKind, { metadata: { namespace, name: 'new' } })
    assert.notEqual(informer.get(old), undefined, 'it has not looked yet')
    await clock.advance(800)
    await untilTrue()
    assert.deepEqual(changes, ['deleted old', 'added new'])
  })

  it('follows an API server that is back from a backup before it was missed', async (context) => {
    const namespace = 'put-back'
    const { clock, changes, line, informer, untilTrue } = await followOld(context, namespace, client)
    const sees = (name: string) => informer.get({ namespace, name }) !== undefined
    await client.delete(configMapKind, { namespace, name: 'old' })
    await untilHolds(informer, () => !sees('old'))
    const backup = await copyEtcd(controlPlane)
    const first = await line(isInterrupted)
    await clock.advance(800)
    await client.create(configMapKind, { metadata: { namespace, name: 'old' } })
    await untilHolds(informer, () => sees('old'))
    changes.length = 0
    await backup.putInto(controlPlane)
    await line((log) => isInterrupted(log) && log !== first)
    await client.create(configMapKind, { metadata: { namespace, name: 'new' } })
    await clock.advance(800)
    await untilTrue()
    assert.deepEqual(changes, ['deleted old', 'added new'])
  })
})
