import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createClient, type KubeClient } from '../../src/kube/client.ts'
import { isConflict, KubeApiError } from '../../src/kube/errors.ts'
import { type ConfigMap, configMapKind } from '../../src/kube/objects.ts'
import { connect, type KubeTransport } from '../../src/kube/transport.ts'
import { type BorrowedControlPlane, borrowControlPlane } from '../../tools/controlplane/borrow.ts'
import { kubectl } from '../support/kubectl.ts'

const namespace = 'kube-apply'

function configMap(name: string, data: Record<string, string>, uid?: string): ConfigMap {
  return { metadata: { namespace, name, ...(uid === undefined ? {} : { uid }) }, data }
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('server-side apply, whose three rules every controller relies on', { timeout: 60_000 }, () => {
  let controlPlane: BorrowedControlPlane
  let transport: KubeTransport
  let client: KubeClient

  before(async () => {
    controlPlane = await borrowControlPlane('primary')
    await kubectl(controlPlane, ['create', 'namespace', namespace])
    transport = await connect({ kubeconfig: controlPlane.kubeconfig, userAgent: 'kube-apply-test' })
    client = createClient(transport)
  })
  after(async () => {
    await transport.close()
    await controlPlane.stop()
  })

  describe('rule 1: an apply meant for an existing object carries its uid', () => {
    it('creates again what has just been deleted when it carries none', async () => {
      const { metadata } = await client.create(configMapKind, configMap('revived', { a: '1' }))
      await client.delete(configMapKind, { namespace, name: 'revived' })
      const revived = await client.apply(configMapKind, configMap('revived', { b: '2' }), { fieldManager: 'm' })
      assert.notEqual(revived.metadata.uid, metadata.uid)
    })

    it('fails and creates nothing when it carries the uid', async () => {
      const { metadata } = await client.create(configMapKind, configMap('stays-gone', { a: '1' }))
      await client.delete(configMapKind, { namespace, name: 'stays-gone' })
      const late = configMap('stays-gone', { b: '2' }, metadata.uid)
      const error = await failureOf(client.apply(configMapKind, late, { fieldManager: 'm', force: true }))
      assert.ok(isConflict(error), String(error))
      assert.equal(await client.get(configMapKind, { namespace, name: 'stays-gone' }), undefined)
    })

    it('leaves a successor of the same name alone', async () => {
      const { metadata } = await client.create(configMapKind, configMap('successor', { a: '1' }))
      await client.delete(configMapKind, { namespace, name: 'successor' })
      await client.create(configMapKind, configMap('successor', { a: 'of another' }))
      const late = configMap('successor', { a: 'ours' }, metadata.uid)
      const error = await failureOf(client.apply(configMapKind, late, { fieldManager: 'm', force: true }))
      assert.ok(error instanceof KubeApiError && error.reason === 'Invalid', String(error))
      const left = await client.get(configMapKind, { namespace, name: 'successor' })
      assert.deepEqual(left?.data, { a: 'of another' })
    })

    it('is not helped by a resourceVersion', async () => {
      const { metadata } = await client.create(configMapKind, configMap('versioned', { a: '1' }))
      await client.delete(configMapKind, { namespace, name: 'versioned' })
      const late = configMap('versioned', { b: '2' })
      Object.assign(late.metadata, { resourceVersion: metadata.resourceVersion })
      const error = await failureOf(client.apply(configMapKind, late, { fieldManager: 'm' }))
      assert.equal(error, undefined)
      assert.notEqual(await client.get(configMapKind, { namespace, name: 'versioned' }), undefined)
    })
  })

  describe('rule 2: a manager repeats all it owns', () => {
    it('loses what it leaves out, and only that', async () => {
      const name = 'repeated'
      await client.apply(configMapKind, configMap(name, { ours: '1', dropped: '1' }), { fieldManager: 'us' })
      await client.apply(configMapKind, configMap(name, { theirs: '1' }), { fieldManager: 'them' })
      const { data } = await client.apply(configMapKind, configMap(name, { ours: '1' }), { fieldManager: 'us' })
      assert.deepEqual(data, { ours: '1', theirs: '1' })
    })

    it('writes nothing when a manager repeats what it has applied', async () => {
      const first = await client.apply(configMapKind, configMap('same', { a: '1' }), { fieldManager: 'us' })
      const again = await client.apply(configMapKind, configMap('same', { a: '1' }), { fieldManager: 'us' })
      assert.equal(again.metadata.resourceVersion, first.metadata.resourceVersion)
    })

    it('writes when a new manager applies equal values: compare first', async () => {
      const first = await client.apply(configMapKind, configMap('shared', { a: '1' }), { fieldManager: 'us' })
      const again = await client.apply(configMapKind, configMap('shared', { a: '1' }), { fieldManager: 'them' })
      assert.notEqual(again.metadata.resourceVersion, first.metadata.resourceVersion)
    })
  })

  describe('rule 3: what was claimed by a POST stays owned by that POST', () => {
    it('conflicts with a later apply, also under the same manager name', async () => {
      await client.create(configMapKind, configMap('posted', { a: '1' }), { fieldManager: 'us' })
      const changed = configMap('posted', { a: '2' })
      assert.ok(isConflict(await failureOf(client.apply(configMapKind, changed, { fieldManager: 'us' }))))
      const forced = await client.apply(configMapKind, changed, { fieldManager: 'us', force: true })
      assert.deepEqual(forced.data, { a: '2' })
    })

    it('keeps a field of the POST that the apply leaves out', async () => {
      await client.create(configMapKind, configMap('kept', { a: '1', b: '1' }), { fieldManager: 'us' })
      const options = { fieldManager: 'us', force: true }
      await client.apply(configMapKind, configMap('kept', { a: '1', b: '1' }), options)
      const { data } = await client.apply(configMapKind, configMap('kept', { a: '1' }), options)
      assert.deepEqual(data, { a: '1', b: '1' })
    })

    it('lets one of many claimants win when each applies under a name of its own, without force', async () => {
      const claimants = Array.from({ length: 20 }, (_, index) => `claimant-${index}`)
      const claims = await Promise.allSettled(
        claimants.map(async (claimant) =>
          client.apply(configMapKind, configMap('claim', { owner: claimant }), { fieldManager: claimant }),
        ),
      )
      const won = claims.filter((claim) => claim.status === 'fulfilled')
      const lost = claims.filter((claim) => claim.status === 'rejected').map(({ reason }) => isConflict(reason))
      assert.equal(won.length, 1)
      assert.deepEqual(
        lost,
        Array.from({ length: 19 }, () => true),
      )
      const stored = await client.get(configMapKind, { namespace, name: 'claim' })
      assert.equal(stored?.data?.['owner'], won[0]?.value.data?.['owner'])
    })
  })
})
