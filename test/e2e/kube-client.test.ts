import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net'
import path from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { createClient, type KubeClient } from '../../src/kube/client.ts'
import { isAlreadyExists, isConflict, isForbidden, isNotFound, KubeApiError } from '../../src/kube/errors.ts'
import { createEventRecorder } from '../../src/kube/events.ts'
import {
  type ConfigMap,
  configMapKind,
  eventKind,
  type Kind,
  leaseKind,
  namespaceKind,
  secretKind,
} from '../../src/kube/objects.ts'
import { connect, type KubeTransport } from '../../src/kube/transport.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { type ControlPlane, startControlPlane } from '../../tools/controlplane/control-plane.ts'
import { createRecordingLog } from '../unit/kube/recording-log.ts'

const namespace = 'default'
const fieldManager = 'test'
const unservedKind: Kind = { apiVersion: 'example.com/v1', kind: 'Widget', plural: 'widgets', namespaced: true }

function configMap(name: string, data: Record<string, string> = { a: '1' }): ConfigMap {
  return { metadata: { namespace, name }, data }
}

async function failureOf(promise: Promise<unknown>): Promise<KubeApiError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof KubeApiError, `expected a KubeApiError, got ${String(error)}`)
  return error
}

/** A client with another kubeconfig, closed at the end of the test. */
async function clientWith(context: TestContext, kubeconfig: string): Promise<KubeClient> {
  const other = await connect({ kubeconfig, userAgent: 'kube-client-test' })
  context.after(async () => other.close())
  return createClient(other)
}

describe('the client against a real API server', { timeout: 60_000 }, () => {
  let controlPlane: ControlPlane
  let transport: KubeTransport
  let client: KubeClient

  before(async () => {
    controlPlane = await startControlPlane({ name: 'kube-client' })
    transport = await connect({ kubeconfig: controlPlane.kubeconfig, userAgent: 'kube-client-test' })
    client = createClient(transport)
  })
  after(async () => {
    await transport.close()
    await controlPlane.stop()
  })

  /** The administrator's kubeconfig with another server. */
  async function kubeconfigFor(name: string, url: string): Promise<string> {
    const file = path.join(controlPlane.dir, `${name}.kubeconfig`)
    await writeFile(file, (await readFile(controlPlane.kubeconfig, 'utf8')).replace(controlPlane.url, url))
    return file
  }

  it('creates, reads, changes and deletes', async () => {
    const key = { namespace, name: 'crud' }
    const created = await client.create(configMapKind, configMap('crud'), { fieldManager })
    assert.equal((await client.get(configMapKind, key))?.metadata.uid, created.metadata.uid)
    const patched = await client.mergePatch(configMapKind, key, { data: { a: null, b: '2' } }, { fieldManager })
    assert.deepEqual(patched.data, { b: '2' })
    const replaced = await client.replace(configMapKind, { ...patched, data: { c: '3' } }, { fieldManager })
    assert.deepEqual(replaced.data, { c: '3' })
    assert.equal(await client.delete(configMapKind, key), true)
    assert.equal(await client.delete(configMapKind, key), false)
    assert.equal(await client.get(configMapKind, key), undefined)
  })

  it('reads cluster-scoped objects', async () => {
    const kubeSystem = await client.get(namespaceKind, { name: 'kube-system' })
    assert.equal(kubeSystem?.metadata.uid, controlPlane.kubeSystemUid)
  })

  it('changes the status alone through the subresource', async () => {
    const name = 'status-only'
    await client.create(namespaceKind, { metadata: { name } })
    const mark = await controlPlane.auditLog.mark()
    await client.mergePatch(namespaceKind, { name }, { status: {} }, { fieldManager, subresource: 'status' })
    const [write] = await controlPlane.auditLog.writesSince(mark)
    assert.deepEqual([write?.verb, write?.name, write?.subresource], ['patch', name, 'status'])
  })

  it('tells the failures apart that callers ask about', async () => {
    const first = await client.create(configMapKind, configMap('faults'))
    await client.mergePatch(configMapKind, first.metadata, { data: { a: '2' } }, { fieldManager })

    const exists = await failureOf(client.create(configMapKind, configMap('faults')))
    const stale = await failureOf(client.replace(configMapKind, first, { fieldManager }))
    const invalid = await failureOf(client.create(configMapKind, configMap('Not_A_Name')))
    const nowhere = await failureOf(client.create(configMapKind, { metadata: { namespace: 'nowhere', name: 'a' } }))
    assert.deepEqual([isAlreadyExists(exists), isConflict(stale), isNotFound(nowhere)], [true, true, true])
    assert.equal(invalid.reason, 'Invalid')
    assert.match(stale.message, /^replace configmaps default\/faults: 409 Conflict: Operation cannot be fulfilled/)
  })

  it('says that rights are missing', async (context) => {
    const powerless = await clientWith(context, await controlPlane.serviceAccountKubeconfig(namespace, 'powerless'))
    const error = await failureOf(powerless.get(secretKind, { namespace, name: 'a' }))
    assert.ok(isForbidden(error))
    assert.match(error.message, /^get secrets default\/a: 403 Forbidden: .*system:serviceaccount:default:powerless/)
  })

  it('does not take a kind that is not served for a missing object', async () => {
    const error = await failureOf(client.get(unservedKind, { namespace, name: 'a' }))
    assert.equal(error.reason, 'NoSuchResource')
    assert.equal(error.resource, 'widgets.example.com')
    const builtIn = { ...leaseKind, plural: 'loans' }
    assert.equal((await failureOf(client.get(builtIn, { namespace, name: 'a' }))).reason, 'NoSuchResource')
    assert.equal((await failureOf(client.list(unservedKind, {}))).status, 404)
  })

  it('deletes only the object that is meant', async () => {
    const key = { namespace, name: 'meant' }
    const { metadata } = await client.create(configMapKind, configMap('meant'))
    assert.ok(isConflict(await failureOf(client.delete(configMapKind, key, { uid: 'another' }))))
    assert.ok(isConflict(await failureOf(client.delete(configMapKind, key, { resourceVersion: '1' }))))
    const { uid, resourceVersion } = metadata
    assert.equal(await client.delete(configMapKind, key, { uid, resourceVersion }), true)
  })

  it('refuses names that would read something else', async () => {
    for (const name of ['', '.', '..']) {
      await assert.rejects(client.get(configMapKind, { namespace, name }), TypeError)
      await assert.rejects(client.get(configMapKind, { namespace: name, name: 'a' }), TypeError)
    }
    await assert.rejects(client.get(configMapKind, { name: 'a' }), /a ConfigMap needs a namespace/)
    assert.equal((await failureOf(client.get(configMapKind, { namespace, name: '../secrets/a' }))).status, 404)
  })

  it('lists more than one page whole, each object once, with its kind', async () => {
    const name = 'many'
    await client.create(namespaceKind, { metadata: { name } })
    const names = Array.from({ length: 1203 }, (_, index) => `object-${String(index).padStart(4, '0')}`)
    await Promise.all(
      names.map(async (each) => client.create(configMapKind, { metadata: { namespace: name, name: each } })),
    )
    const mark = await controlPlane.auditLog.mark()
    const { items, resourceVersion } = await client.list(configMapKind, { namespace: name })
    assert.deepEqual(items.map(({ metadata }) => metadata.name).toSorted(), names)
    assert.deepEqual([items[0]?.apiVersion, items[0]?.kind], ['v1', 'ConfigMap'])
    assert.ok(Number(resourceVersion) > 0)
    const lists = (await controlPlane.auditLog.since(mark)).filter(({ verb }) => verb === 'list')
    assert.equal(lists.length, 3)
  })

  it('selects by label and by field', async () => {
    for (const name of ['select-a', 'select-b']) {
      await client.create(configMapKind, { metadata: { namespace, name, labels: { which: name } } })
    }
    const byLabel = await client.list(configMapKind, { namespace, labelSelector: 'which in (select-a)' })
    const byField = await client.list(configMapKind, { fieldSelector: 'metadata.name=select-b' })
    assert.deepEqual(
      [...byLabel.items, ...byField.items].map(({ metadata }) => metadata.name),
      ['select-a', 'select-b'],
    )
  })

  it('needs few connections for many calls, one after the other or at once', async (context) => {
    const relay = await startRelay(context, Number(new URL(controlPlane.url).port))
    const relayed = await clientWith(context, await kubeconfigFor('relayed', relay.url))
    for (let call = 0; call < 200; call++) await relayed.get(namespaceKind, { name: 'kube-system' })
    assert.ok(relay.connections() <= 2, `${relay.connections()} connections`)
    await Promise.all(Array.from({ length: 200 }, async () => relayed.get(namespaceKind, { name: 'kube-system' })))
    assert.ok(relay.connections() <= 32, `${relay.connections()} connections`)
  })

  it('gives a watch a connection of its own', async (context) => {
    const relay = await startRelay(context, Number(new URL(controlPlane.url).port))
    const relayed = await clientWith(context, await kubeconfigFor('watched', relay.url))
    const stop = new AbortController()
    const { resourceVersion } = await relayed.list(configMapKind, { namespace })
    const watches = Array.from({ length: 40 }, async () =>
      relayed.watch(configMapKind, { namespace, resourceVersion, timeoutSeconds: 60, signal: stop.signal }),
    )
    await Promise.all(watches)
    assert.equal(await relayed.get(configMapKind, { namespace, name: 'nothing' }), undefined)
    assert.equal(relay.connections(), 41)
    stop.abort()
  })

  it('tells a network failure as such, and keeps its cause', async (context) => {
    const unreachable = await clientWith(context, await kubeconfigFor('unreachable', 'https://127.0.0.1:1'))
    const error = await failureOf(unreachable.get(configMapKind, { namespace, name: 'a' }))
    assert.deepEqual([error.status, error.reason], [0, 'ECONNREFUSED'])
    assert.ok(error.cause instanceof Error)
  })

  it('ends a call with the reason of its signal', async () => {
    const stop = new AbortController()
    stop.abort(new Error('not wanted any more'))
    await assert.rejects(client.list(configMapKind, { signal: stop.signal }), /not wanted any more/)
  })

  it('follows a token file that is replaced', async (context) => {
    const file = await controlPlane.serviceAccountKubeconfig(namespace, 'rotating')
    const text = await readFile(file, 'utf8')
    const token = /token: (\S+)/.exec(text)?.[1] ?? ''
    const tokenFile = path.join(controlPlane.dir, 'token')
    const kubeconfig = path.join(controlPlane.dir, 'token-file.kubeconfig')
    await writeFile(kubeconfig, text.replace(`token: ${token}`, 'tokenFile: token'))
    await writeFile(tokenFile, 'expired\n')
    const rotating = await clientWith(context, kubeconfig)
    const key = { namespace, name: 'a' }
    assert.equal((await failureOf(rotating.get(configMapKind, key))).status, 401)
    await writeFile(tokenFile, `${token}\n`)
    // Known to the server again: now it is the rights that are missing.
    assert.equal((await failureOf(rotating.get(configMapKind, key))).status, 403)
  })

  it('asks an exec plugin for the token', async (context) => {
    const text = await readFile(await controlPlane.serviceAccountKubeconfig(namespace, 'by-plugin'), 'utf8')
    const token = /token: (\S+)/.exec(text)?.[1] ?? ''
    const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token } }
    const plugin = { apiVersion: credential.apiVersion, command: 'echo', args: [JSON.stringify(credential)] }
    const kubeconfig = path.join(controlPlane.dir, 'exec.kubeconfig')
    await writeFile(kubeconfig, text.replace(`token: ${token}`, `exec: ${JSON.stringify(plugin)}`))
    const error = await failureOf((await clientWith(context, kubeconfig)).list(configMapKind, { namespace }))
    assert.match(error.message, /403 Forbidden: .*system:serviceaccount:default:by-plugin/)
  })

  it('goes through the proxy that the kubeconfig names', async (context) => {
    const tunnels: string[] = []
    const proxy = createHttpServer()
    proxy.on('connect', (request, incoming: Socket) => {
      tunnels.push(request.url ?? '')
      const outgoing = connectTcp({ host: '127.0.0.1', port: Number(new URL(controlPlane.url).port) })
      incoming.write('HTTP/1.1 200 OK\r\n\r\n')
      incoming.on('error', () => outgoing.destroy())
      outgoing.on('error', () => incoming.destroy())
      incoming.pipe(outgoing).pipe(incoming)
    })
    const port = await listen(context, proxy)
    const proxied = await clientWith(
      context,
      await kubeconfigFor('proxied', `${controlPlane.url}\n      proxy-url: http://127.0.0.1:${port}`),
    )
    const kubeSystem = await proxied.get(namespaceKind, { name: 'kube-system' })
    assert.equal(kubeSystem?.metadata.uid, controlPlane.kubeSystemUid)
    assert.deepEqual(tunnels, [new URL(controlPlane.url).host])
  })

  it('says which context is missing, and that there is no server outside a pod', async () => {
    const { kubeconfig } = controlPlane
    await assert.rejects(
      connect({ kubeconfig, context: 'other', userAgent: 'x' }),
      /the kubeconfig has no context other/,
    )
    await assert.rejects(connect({ userAgent: 'x' }), /not running in a pod/)
  })

  it('records Events that the server accepts, with their repeats', async () => {
    const { log, lines } = createRecordingLog()
    const deps = { client, controller: 'example.com/operator', instance: 'pod-1', clock: systemClock, log }
    const recorder = createEventRecorder(deps)
    const regarding = await client.create(configMapKind, configMap(`${'long-name-'.repeat(25)}x`))
    const event = { regarding, type: 'Warning', reason: 'Refused', note: '€'.repeat(2000) } as const
    recorder.record(event)
    recorder.record(event)
    recorder.record(event)
    await recorder.flush()
    assert.deepEqual(lines, [])
    const { items } = await client.list(eventKind, { namespace })
    const [stored] = items
    assert.equal(items.length, 1)
    assert.equal(stored?.series?.count, 3)
    assert.equal(stored?.regarding.uid, regarding.metadata.uid)
    assert.ok(stored !== undefined && Buffer.byteLength(stored.note) <= 1024 && stored.note.endsWith('€…'))
  })
})

/** Passes bytes on to a local port and counts the connections. */
async function startRelay(context: TestContext, port: number) {
  let connections = 0
  const sockets = new Set<Socket>()
  const server = createServer((incoming) => {
    connections += 1
    const outgoing = connectTcp({ host: '127.0.0.1', port })
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    incoming.pipe(outgoing).pipe(incoming)
  })
  const localPort = await listen(context, server)
  context.after(() => {
    for (const socket of sockets) socket.destroy()
  })
  return { url: `https://127.0.0.1:${localPort}`, connections: () => connections }
}

/** Listens on a free local port until the end of the test. */
async function listen(context: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  context.after(() => server.close())
  const address = server.address()
  assert.ok(address !== null && typeof address === 'object')
  return address.port
}
