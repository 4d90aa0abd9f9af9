import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { createClient, type KubeClient } from '../../src/kube/client.ts'
import { configMapKind, namespaceKind } from '../../src/kube/objects.ts'
import { connect, type KubeTransport } from '../../src/kube/transport.ts'
import { createSelfSignedCertificate } from '../../src/primary/server/certificate.ts'
import { type BorrowedControlPlane, borrowControlPlane } from '../../tools/controlplane/borrow.ts'
import { clientWith } from '../support/kube-clients.ts'
import { follow, untilHolds } from '../support/kube-follower.ts'
import { kubeconfigBy, startKubeRelay } from '../support/kube-relay.ts'
import { startKubeTlsRelay } from '../support/kube-tls-relay.ts'
import { createManualClock } from '../support/manual-clock.ts'
import { until } from '../support/until.ts'

const kubeSystem = { name: 'kube-system' }
/** The longest watch, and what the server may be late. Milliseconds. */
const longestSilence = 630_000

describe('connections to a real API server', { timeout: 120_000 }, () => {
  let controlPlane: BorrowedControlPlane
  let transport: KubeTransport
  let admin: KubeClient

  before(async () => {
    controlPlane = await borrowControlPlane('primary')
    transport = await connect({ kubeconfig: controlPlane.kubeconfig, userAgent: 'kube-connections-test' })
    admin = createClient(transport)
  })
  after(async () => {
    await transport.close()
    await controlPlane.stop()
  })

  /** An informer whose watches go through a relay, which follows already, on a clock that stands still. */
  async function followByRelay(context: TestContext, namespace: string) {
    const relay = await startKubeRelay(context, controlPlane)
    const clock = createManualClock()
    const relayed = await clientWith(context, relay.kubeconfig)
    const client: Pick<KubeClient, 'list' | 'watch'> = {
      list: async (kind, options) => admin.list(kind, options),
      watch: async (kind, options) => relayed.watch(kind, options),
    }
    const follower = await follow(context, admin, namespace, { client, clock })
    await admin.create(configMapKind, { metadata: { namespace, name: 'old' } })
    await untilHolds(follower.informer, () => follower.informer.list().length === 1)
    follower.changes.length = 0
    /** Makes a difference that the informer cannot see now. */
    async function change(): Promise<void> {
      await admin.delete(configMapKind, { namespace, name: 'old' })
      await admin.create(configMapKind, { metadata: { namespace, name: 'new' } })
    }
    const sees = (name: string) => follower.informer.get({ namespace, name }) !== undefined
    return {
      ...follower,
      relay,
      clock,
      change,
      untilTrue: async () => untilHolds(follower.informer, () => sees('new') && !sees('old')),
    }
  }

  it('gives up a watch whose connection is open and dead, and misses nothing', async (context) => {
    const { relay, clock, change, changes, line, untilTrue } = await followByRelay(context, 'half-open')
    relay.silence()
    await change()
    await clock.advance(longestSilence)
    const { fields } = await line(({ message }) => message === 'watch interrupted')
    assert.match(String(fields['err']), /the watch did not end in its time/)
    await clock.advance(800)
    await untilTrue()
    assert.deepEqual(changes, ['deleted old', 'added new'])
  })

  it('gives up a watch that is never answered', async (context) => {
    const { relay, clock, change, changes, line, untilTrue } = await followByRelay(context, 'unanswered')
    relay.treat('ignore')
    relay.cut()
    await line(({ message }) => message === 'watch interrupted')
    const before = relay.connections()
    await clock.advance(800)
    await until('the watch is asked for', async () => relay.connections() > before)
    await change()
    relay.treat('pass')
    await clock.advance(longestSilence)
    await line(({ message }) => message === 'cannot follow the API server')
    await clock.advance(1600)
    await untilTrue()
    assert.deepEqual(changes, ['deleted old', 'added new'])
  })

  it('ends a call with its signal also where no connection comes about', async (context) => {
    const relay = await startKubeRelay(context, controlPlane)
    const client = await clientWith(context, relay.kubeconfig)
    relay.treat('ignore')
    const stop = new AbortController()
    const call = client.get(namespaceKind, kubeSystem, { signal: stop.signal })
    await until('a connection is asked for', async () => relay.connections() === 1)
    stop.abort(new Error('not wanted any more'))
    const fence = admin.get(namespaceKind, kubeSystem).then(() => 'a whole request was faster')
    const first = await Promise.race([call.catch(String), fence])
    assert.equal(first, 'Error: not wanted any more')
  })

  it('goes on after a watch was reset, and misses nothing', async (context) => {
    const { relay, clock, change, changes, line, untilTrue } = await followByRelay(context, 'reset')
    relay.cut()
    await line(({ message }) => message === 'watch interrupted')
    await change()
    await clock.advance(800)
    await untilTrue()
    assert.deepEqual(changes, ['deleted old', 'added new'])
  })

  it('understands lists and watches that arrive byte by byte', async (context) => {
    const certificate = await createSelfSignedCertificate({ hosts: ['127.0.0.1'], days: 1, now: Date.now() })
    const relay = await startKubeTlsRelay(context, controlPlane, { certificate, pieceBytes: 1 })
    const trusted = { 'certificate-authority-data': Buffer.from(certificate.certificatePem).toString('base64') }
    const client = await clientWith(context, await kubeconfigBy(controlPlane, relay.port, trusted))
    const { informer } = await follow(context, admin, 'bytes', { client })
    const text = 'ä€😀'
    for (const name of ['a', 'b'])
      await admin.create(configMapKind, { metadata: { namespace: 'bytes', name }, data: { text } })
    await untilHolds(informer, () => informer.list().length === 2)
    const { items } = await client.list(configMapKind, { namespace: 'bytes' })
    for (const objects of [informer.list(), items]) {
      assert.deepEqual(
        objects.map(({ metadata, data }) => [metadata.name, data]),
        [
          ['a', { text }],
          ['b', { text }],
        ],
      )
    }
  })

  it('needs few connections for many calls, one after the other or at once', async (context) => {
    const relay = await startKubeRelay(context, controlPlane)
    const relayed = await clientWith(context, relay.kubeconfig)
    for (let call = 0; call < 200; call++) await relayed.get(namespaceKind, { name: 'kube-system' })
    assert.ok(relay.connections() <= 2, `${relay.connections()} connections`)
    await Promise.all(Array.from({ length: 200 }, async () => relayed.get(namespaceKind, { name: 'kube-system' })))
    assert.ok(relay.connections() <= 32, `${relay.connections()} connections`)
  })

  it('gives a watch a connection of its own', async (context) => {
    const relay = await startKubeRelay(context, controlPlane)
    const relayed = await clientWith(context, relay.kubeconfig)
    const stop = new AbortController()
    const { resourceVersion } = await relayed.list(configMapKind, { namespace: 'default' })
    const watches = Array.from({ length: 40 }, async () =>
      relayed.watch(configMapKind, { namespace: 'default', resourceVersion, timeoutSeconds: 60, signal: stop.signal }),
    )
    await Promise.all(watches)
    assert.equal(await relayed.get(configMapKind, { namespace: 'default', name: 'nothing' }), undefined)
    assert.equal(relay.connections(), 41)
    stop.abort()
  })
})
