import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { createClient, type KubeClient } from '../../src/kube/client.ts'
import { KubeApiError } from '../../src/kube/errors.ts'
import { configMapKind, namespaceKind } from '../../src/kube/objects.ts'
import { connect, type KubeTransport } from '../../src/kube/transport.ts'
import { createSelfSignedCertificate } from '../../src/primary/server/certificate.ts'
import { type ControlPlane, startControlPlane } from '../../tools/controlplane/control-plane.ts'
import { follow, untilHolds } from '../support/kube-follower.ts'
import { kubeconfigBy, startKubeRelay } from '../support/kube-relay.ts'
import { startKubeTlsRelay } from '../support/kube-tls-relay.ts'
import { createManualClock } from '../support/manual-clock.ts'
import { until } from '../support/until.ts'

const kubeSystem = { name: 'kube-system' }
/** The longest watch, and what the server may be late. Milliseconds. */
const longestSilence = 630_000

async function servingCertificate() {
  return createSelfSignedCertificate({ hosts: ['127.0.0.1'], days: 1, now: Date.now() })
}

async function failureOf(promise: Promise<unknown>): Promise<KubeApiError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof KubeApiError, `expected a KubeApiError, got ${String(error)}`)
  return error
}

describe('connections to a real API server', { timeout: 120_000 }, () => {
  let controlPlane: ControlPlane
  let transport: KubeTransport
  let admin: KubeClient

  before(async () => {
    controlPlane = await startControlPlane({ name: 'kube-connections' })
    transport = await connect({ kubeconfig: controlPlane.kubeconfig, userAgent: 'kube-connections-test' })
    admin = createClient(transport)
  })
  after(async () => {
    await transport.close()
    await controlPlane.stop()
  })

  /** A client with another kubeconfig, closed at the end of the test. */
  async function clientWith(context: TestContext, kubeconfig: string): Promise<KubeClient> {
    const other = await connect({ kubeconfig, userAgent: 'kube-connections-test' })
    context.after(async () => other.close())
    return createClient(other)
  }

  /** An informer behind a relay, which follows already, on a clock that stands still. */
  async function followByRelay(context: TestContext, namespace: string) {
    const relay = await startKubeRelay(context, controlPlane)
    const clock = createManualClock()
    const client = await clientWith(context, relay.kubeconfig)
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
    await change()
    const before = relay.connections()
    await clock.advance(800)
    await until('the watch is asked for', async () => relay.connections() > before)
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
    const certificate = await servingCertificate()
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

  it('takes a new certificate authority from its file, for requests and watches, without a restart', async (context) => {
    const [first, second] = [await servingCertificate(), await servingCertificate()]
    const relay = await startKubeTlsRelay(context, controlPlane, { certificate: first })
    const authorityFile = path.join(controlPlane.dir, 'authority.crt')
    await writeFile(authorityFile, first.certificatePem)
    const byFile = { 'certificate-authority': authorityFile, 'certificate-authority-data': undefined }
    const client = await clientWith(context, await kubeconfigBy(controlPlane, relay.port, byFile))
    const clock = createManualClock()
    const { informer, line } = await follow(context, admin, 'authority', { client, clock })
    const put = async (name: string) => {
      await admin.create(configMapKind, { metadata: { namespace: 'authority', name } })
    }
    await put('a')
    await untilHolds(informer, () => informer.list().length === 1)

    relay.present(second)
    await line(({ message }) => message === 'watch interrupted')
    assert.equal((await failureOf(client.get(namespaceKind, kubeSystem))).reason, 'DEPTH_ZERO_SELF_SIGNED_CERT')
    await writeFile(authorityFile, second.certificatePem)
    assert.equal((await client.get(namespaceKind, kubeSystem))?.metadata.uid, controlPlane.kubeSystemUid)
    await put('b')
    await clock.advance(800)
    await untilHolds(informer, () => informer.list().length === 2)
  })

  it('uses a token that was rotated on disk for the very next request', async (context) => {
    const names = ['before', 'after'] as const
    const files = await Promise.all(names.map(async (name) => controlPlane.serviceAccountKubeconfig('default', name)))
    const [text = '', other = ''] = await Promise.all(files.map(async (file) => readFile(file, 'utf8')))
    const tokenIn = (kubeconfig: string) => /token: (\S+)/.exec(kubeconfig)?.[1] ?? ''
    const tokenFile = path.join(controlPlane.dir, 'rotated-token')
    const kubeconfig = path.join(controlPlane.dir, 'rotated.kubeconfig')
    await writeFile(kubeconfig, text.replace(`token: ${tokenIn(text)}`, 'tokenFile: rotated-token'))
    await writeFile(tokenFile, tokenIn(text))
    const client = await clientWith(context, kubeconfig)
    // The server says whom it has recognised when it refuses.
    assert.match((await failureOf(client.list(configMapKind, {}))).message, /system:serviceaccount:default:before/)
    await writeFile(tokenFile, `${tokenIn(other)}\n`)
    assert.match((await failureOf(client.list(configMapKind, {}))).message, /system:serviceaccount:default:after/)
  })
})
