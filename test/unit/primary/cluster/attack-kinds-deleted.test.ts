import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Bootstrap } from '../../../../src/api/bootstrap.ts'
import { bootstrapKind } from '../../../../src/api/bootstrap.ts'
import type { Cluster } from '../../../../src/api/cluster.ts'
import type { KubeClient } from '../../../../src/kube/client.ts'
import { KubeApiError } from '../../../../src/kube/errors.ts'
import type { Informer } from '../../../../src/kube/informer.ts'
import type { Kind } from '../../../../src/kube/objects.ts'
import { systemClock } from '../../../../src/lib/clock.ts'
import { createClusterReconciler } from '../../../../src/primary/cluster/cluster.reconcile.ts'
import { createSightings } from '../../../../src/primary/cluster/sightings.ts'
import type { Tombstones } from '../../../../src/primary/cluster/tombstones.ts'
import type { ClusterLookup } from '../../../../src/primary/cluster-lookup.ts'
import { at, cluster, member, namespace, noon } from '../objects.fixture.ts'
import { silentLog } from '../silent-log.fixture.ts'

/** Reconciles a deleted Cluster where a read of a Bootstrap fails so; gives the finalizers that are left. */
async function reconcileDeleted(failure: { status: number; reason: string }): Promise<unknown> {
  const leaving = cluster('east', { metadata: { deletionTimestamp: at(noon) }, spec: { member: member() } })
  const writes: { metadata: { finalizers?: unknown } }[] = []
  const client = {
    async get(kind: Kind) {
      const subject = { verb: 'get', resource: kind.plural, objectName: 'east' }
      if (kind.kind === bootstrapKind.kind) throw new KubeApiError(subject, { ...failure, message: 'no' })
      return { metadata: { name: namespace } }
    },
    async mergePatch(_kind: Kind, _key: unknown, patch: { metadata: object }) {
      writes.push(patch)
      return leaving
    },
  } as unknown as KubeClient
  const reconcile = createClusterReconciler({
    client,
    clusters: { get: () => leaving, list: () => [leaving] } as unknown as Informer<Cluster>,
    lookup: {} as ClusterLookup,
    bootstraps: { by: () => [] } as unknown as Informer<Bootstrap>,
    tombstones: { store: async () => undefined, findLive: async () => undefined } as unknown as Tombstones,
    sightings: createSightings(systemClock),
    outage: { atLoss: () => ({ kind: 'none' }), look: () => ({ kind: 'none' }) },
    own: () => ({ uid: 'uid-primary', versions: { operator: '1', kubernetes: '1' } }),
    interval: () => 20_000,
    followed: { longest: () => 20_000 },
    clock: systemClock,
  })
  await reconcile({ namespace, name: 'east' }, { log: silentLog })
  return writes.at(-1)?.metadata.finalizers
}

describe('a Cluster that is deleted together with both kinds', () => {
  it('is released although there is no such thing as a Bootstrap any more', async () => {
    assert.deepEqual(await reconcileDeleted({ status: 404, reason: 'NoSuchResource' }), [])
  })

  it('is not released before its record could be looked for', async () => {
    await assert.rejects(reconcileDeleted({ status: 503, reason: 'ServiceUnavailable' }), KubeApiError)
  })
})
