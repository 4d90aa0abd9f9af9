/** A member that a replica has admitted a second time, while its first Cluster was being deleted: both of them go. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clusterKind } from '../../../../src/api/cluster.ts'
import { clusterInfoFinalizer } from '../../../../src/api/group.ts'
import { createSightings } from '../../../../src/primary/cluster/sightings.ts'
import { at, cluster, member, namespace, noon } from '../objects.fixture.ts'
import { silentLog } from '../silent-log.fixture.ts'
import { clusterController } from './cluster-controller.fixture.ts'
import { east, world } from './tombstones.fixture.ts'

/** The second Cluster of a member, made at noon, and the controller that looks at it. */
async function second() {
  const begun = await world()
  const { api, clock, tombstones } = begun
  const metadata = { finalizers: [clusterInfoFinalizer], creationTimestamp: at(noon) }
  api.put(clusterKind, cluster('north', { metadata, spec: { member: member() } }))
  const reconcile = clusterController(begun, createSightings(clock))
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
