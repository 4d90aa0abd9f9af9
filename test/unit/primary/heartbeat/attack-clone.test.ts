/** A copy of a whole cluster, with the uid and the key of the first: both are heard, and the Cluster says that there are two. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { namespace } from '../objects.fixture.ts'
import { beater, heartbeatWorld } from './heartbeat-world.fixture.ts'

function member() {
  const world = heartbeatWorld()
  const east = beater()
  world.api.put(clusterKind, world.clusterOf(east))
  const suspicion = () =>
    world.api
      .stored<Cluster>(clusterKind, 'east', namespace)
      ?.status?.conditions?.find(({ type }) => type === 'CloneSuspected')?.reason
  return { ...world, east, suspicion, hear: async (boot: string) => world.beat(east, { boot }) }
}

describe('two processes that beat in turn with one key', () => {
  it('are both answered ok, and the Cluster is suspected, with one Event', async () => {
    const world = member()
    for (const boot of ['A', 'B', 'A']) assert.equal((await world.hear(boot)).status, 'ok')
    assert.equal(world.suspicion(), undefined)
    for (const boot of ['B', 'A', 'B', 'A']) assert.equal((await world.hear(boot)).status, 'ok')
    assert.equal(world.suspicion(), 'BootIdsAlternate')
    assert.deepEqual(
      world.events.map(({ reason }) => reason),
      ['BootIdsAlternate'],
    )
  })

  it('are suspected also where another replica hears one of them', async () => {
    const world = member()
    for (let turn = 0; turn < 2; turn += 1) {
      await world.hear('A')
      await world.clock.advance(20_000)
      assert.equal(world.suspicion(), undefined)
      world.tellRun(world.east, 'B', 10_000)
    }
    await world.hear('A')
    assert.equal(world.suspicion(), 'BootIdsAlternate')
  })

  it('are no two where one has only restarted', async () => {
    const world = member()
    for (let run = 0; run < 20; run += 1) await world.hear(`run-${run}`)
    assert.deepEqual([world.suspicion(), world.events], [undefined, []])
  })
})
