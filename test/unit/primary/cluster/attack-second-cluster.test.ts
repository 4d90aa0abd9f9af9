/** A member that a replica has admitted a second time, while its first Cluster was being deleted: both of them go. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Bootstrap } from '../../../../src/api/bootstrap.ts'
import { clusterKind } from '../../../../src/api/cluster.ts'
import { clusterInfoFinalizer } from '../../../../src/api/group.ts'
import type { Informer } from '../../../../src/kube/informer.ts'
import { createClusterReconciler } from '../../../../src/primary/cluster/cluster.reconcile.ts'
import { createSightings } from '../../../../src/primary/cluster/sightings.ts'
import { clusterIndexes, createClusterLookup } from '../../../../src/primary/cluster-lookup.ts'
import { at, cluster, member, namespace, noon } from '../objects.fixture.ts'
import { silentLog } from '../silent-log.fixture.ts'
import { east, world } from './tombstones.fixture.ts'

/** The second Cluster of a member, made at noon, and the controller that looks at it. */
async function second() {
  const { api, clock, tombstones } = await world()
  const metadata = { finalizers: [clusterInfoFinalizer], creationTimestamp: at(noon) }
  api.put(clusterKind, cluster('north', { metadata, spec: { member: member() } }))
  const clusters = api.cache(clusterKind, clusterIndexes)
  const reconcile = createClusterReconciler({
    client: api.client,
    clusters,
    lookup: createClusterLookup({ client: api.client, informer: clusters, namespace }),
    bootstraps: { by: () => [] } as unknown as Informer<Bootstrap>,
    tombstones,
    sightings: createSightings(clock),
    outage: { atLoss: () => ({ kind: 'none' }), look: () => ({ kind: 'none' }) },
    own: () => ({ uid: 'uid-primary', versions: { operator: '1', kubernetes: '1' } }),
    interval: () => 20_000,
    followed: { longest: () => 20_000 },
    clock,
  })
  api.sync()
  return {
    api,
    tombstones,
    look: async () => reconcile({ namespace, name: 'north' }, { log: silentLog }),
    names: () => api.all(clusterKind).map(({ metadata: { name } }) => name),
  }
}

describe('the Cluster that a disconnected member has got by a request of before', () => {
  it('goes with the disconnection, though the one that was deleted is gone already', async () => {
    const { api, tombstones, look, names } = await second()
    await tombstones.store({ ...east, at: noon + 1 })
    api.sync()
    await look()
    assert.deepEqual(names(), [])
  })

  it('stays where the API server has forgotten the disconnection, which only the cache still shows', async () => {
    const { api, tombstones, look, names } = await second()
    await tombstones.store({ ...east, at: noon + 1 })
    api.sync()
    await tombstones.forget(east, () => true)
    await look()
    assert.deepEqual(names(), ['north'])
  })

  it('costs no read of what is remembered, where that is older than the Cluster', async () => {
    const { api, tombstones, look, names } = await second()
    await tombstones.store({ ...east, at: noon - 1 })
    api.sync()
    api.requests.length = 0
    await look()
    assert.deepEqual(names(), ['north'])
    assert.deepEqual(
      api.requests.filter((request) => request.includes('configmaps')),
      [],
    )
  })
})
