/** A heartbeat confirms the very Cluster that its sender was judged by, and no other that has taken its name. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { namespace } from '../objects.fixture.ts'
import { beater, heartbeatWorld } from './heartbeat-world.fixture.ts'

describe('a Cluster under the name and uid of another that has just been deleted', () => {
  it('is not confirmed by the first heartbeat of that one, at a replica that has not seen the change', async () => {
    const world = heartbeatWorld()
    const [east, impostor] = [beater(), beater()]
    world.api.put(clusterKind, world.clusterOf(east, { uid: 'first' }))
    world.api.removeUnseen(clusterKind, 'east', namespace)
    world.api.putUnseen(clusterKind, world.clusterOf(impostor, { uid: 'second' }))
    await assert.rejects(world.beat(east), { name: 'ProtocolError', code: 'Busy' })
    assert.equal(world.api.stored<Cluster>(clusterKind, 'east', namespace)?.status, undefined)
  })
})
