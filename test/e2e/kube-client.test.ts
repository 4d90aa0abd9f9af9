import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createClient, type KubeClient } from '../../src/kube/client.ts'
import { isAlreadyExists, isConflict, isForbidden, isNotFound } from '../../src/kube/errors.ts'
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
import { type BorrowedControlPlane, borrowControlPlane } from '../../tools/controlplane/borrow.ts'
import { clientWith, failureOf } from '../support/kube-clients.ts'
import { kubeconfigBy } from '../support/kube-relay.ts'
import { kubectl } from '../support/kubectl.ts'
import { createRecordingLog } from '../unit/kube/recording-log.ts'

const namespace = 'kube-client'
const fieldManager = 'test'
const unservedKind: Kind = { apiVersion: 'example.com/v1', kind: 'Widget', plural: 'widgets', namespaced: true }

function configMap(name: string, data: Record<string, string> = { a: '1' }): ConfigMap {
  return { metadata: { namespace, name }, data }
}

describe('the client against a real API server', { timeout: 60_000 }, () => {
  let controlPlane: BorrowedControlPlane
  let transport: KubeTransport
  let client: KubeClient

  before(async () => {
    controlPlane = await borrowControlPlane('primary')
    await kubectl(controlPlane, ['create', 'namespace', namespace])
    transport = await connect({ kubeconfig: controlPlane.kubeconfig, userAgent: 'kube-client-test' })
    client = createClient(transport)
  })
  after(async () => {
    await transport.close()
    await controlPlane.stop()
  })

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
    assert.match(stale.message, /^replace configmaps kube-client\/faults: 409 Conflict: Operation cannot be fulfilled/)
  })

  it('says that rights are missing', async (context) => {
    const powerless = await clientWith(context, await controlPlane.serviceAccountKubeconfig(namespace, 'powerless'))
    const error = await failureOf(powerless.get(secretKind, { namespace, name: 'a' }))
    assert.ok(isForbidden(error))
    assert.match(
      error.message,
      /^get secrets kube-client\/a: 403 Forbidden: .*system:serviceaccount:kube-client:powerless/,
    )
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

  it('tells a network failure as such, and keeps its cause', async (context) => {
    const unreachable = await clientWith(context, await kubeconfigBy(controlPlane, 1))
    const error = await failureOf(unreachable.get(configMapKind, { namespace, name: 'a' }))
    assert.deepEqual([error.status, error.reason], [0, 'ECONNREFUSED'])
    assert.ok(error.cause instanceof Error)
  })

  it('ends a call with the reason of its signal', async () => {
    const stop = new AbortController()
    stop.abort(new Error('not wanted any more'))
    await assert.rejects(client.list(configMapKind, { signal: stop.signal }), /not wanted any more/)
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
