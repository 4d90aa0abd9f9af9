/** What a heard heartbeat leaves behind: the first one of a join is stored before it is answered, the others cost nothing. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { isConfirmed } from '../../../../src/primary/cluster/standing.ts'
import { failure } from '../memory-api.fixture.ts'
import { at, namespace, noon } from '../objects.fixture.ts'
import { beater, healthy, heartbeatWorld } from './heartbeat-world.fixture.ts'

const writes = (requests: readonly string[]) => requests.filter((request) => !/^(get|list) /.test(request))

describe('the first heartbeat of a join', () => {
  it('is stored, with who it is and what it runs, before it is answered', async () => {
    const world = heartbeatWorld()
    const east = beater()
    world.api.put(clusterKind, world.clusterOf(east))
    await world.beat(east)
    const stored = world.api.stored<Cluster>(clusterKind, 'east', namespace)
    assert.ok(stored !== undefined && isConfirmed(stored))
    assert.deepEqual(
      [stored.status?.id, stored.status?.versions, stored.status?.lastSeen],
      [east.uid, healthy.versions, at(noon + 1_000)],
    )
    assert.deepEqual(writes(world.api.requests), ['patch clusters east'])
  })

  it('is not answered ok where it could not be stored', async () => {
    const world = heartbeatWorld()
    const east = beater()
    world.api.put(clusterKind, world.clusterOf(east))
    world.api.before = (request) => {
      if (request.startsWith('patch')) throw failure(500, 'InternalError')
    }
    await assert.rejects(world.beat(east), { name: 'KubeApiError', status: 500 })
    world.api.before = () => undefined
    assert.equal((await world.beat(east)).status, 'ok')
  })

  it('is stored whoever else writes at the same time, on what he has written', async () => {
    const world = heartbeatWorld()
    const east = beater()
    const made = world.api.put(clusterKind, world.clusterOf(east))
    world.api.putUnseen(clusterKind, { ...made, metadata: { ...made.metadata, labels: { theirs: 'kept' } } })
    assert.equal((await world.beat(east)).status, 'ok')
    const stored = world.api.stored<Cluster>(clusterKind, 'east', namespace)
    assert.ok(stored !== undefined && isConfirmed(stored))
    assert.deepEqual(stored.metadata.labels, { theirs: 'kept' })
  })

  it('is not written again where another replica has stored it', async () => {
    const world = heartbeatWorld()
    const east = beater()
    const made = world.api.put(clusterKind, world.clusterOf(east))
    await world.beat(east)
    const confirmed = world.api.stored<Cluster>(clusterKind, 'east', namespace)
    assert.notEqual(confirmed?.metadata.resourceVersion, made.metadata.resourceVersion)
    // The cache still shows the Cluster as it was before.
    await world.beat(east)
    assert.equal(
      world.api.stored<Cluster>(clusterKind, 'east', namespace)?.metadata.resourceVersion,
      confirmed?.metadata.resourceVersion,
    )
  })

  it('is asked for again where the Cluster is being deleted meanwhile, and no status is written', async () => {
    const world = heartbeatWorld()
    const east = beater()
    const made = world.api.put(clusterKind, world.clusterOf(east))
    const deletionTimestamp = new Date(world.clock.now()).toISOString()
    world.api.putUnseen(clusterKind, { ...made, metadata: { ...made.metadata, deletionTimestamp } })
    await assert.rejects(world.beat(east), { name: 'ProtocolError', code: 'Busy' })
    assert.equal(world.api.stored<Cluster>(clusterKind, 'east', namespace)?.status, undefined)
  })

  it('is asked for again where the Cluster was collected meanwhile, and makes none', async () => {
    const world = heartbeatWorld()
    const east = beater()
    world.api.put(clusterKind, world.clusterOf(east))
    world.api.removeUnseen(clusterKind, 'east', namespace)
    await assert.rejects(world.beat(east))
    assert.deepEqual(world.api.all(clusterKind), [])
  })

  it('gives up for now where somebody writes without end', async () => {
    const world = heartbeatWorld()
    const east = beater()
    const made = world.api.put(clusterKind, world.clusterOf(east))
    world.api.before = (request) => {
      if (request.startsWith('patch')) world.api.putUnseen(clusterKind, made)
    }
    await assert.rejects(world.beat(east), { name: 'ProtocolError', code: 'Busy' })
  })
})

describe('a heartbeat of a confirmed member', () => {
  async function confirmed() {
    const world = heartbeatWorld()
    const east = beater()
    world.api.put(clusterKind, world.clusterOf(east))
    await world.beat(east)
    world.api.sync()
    world.api.requests.length = 0
    const cached = world.clusters.named('east')
    assert.ok(cached !== undefined)
    return { ...world, cached, east, by: { keyId: east.key.thumbprint, boot: 'b' } }
  }

  it('is no news while it says the same, for about an hour', async () => {
    const world = await confirmed()
    await world.clock.advance(45 * 60_000 - 1)
    await world.confirmation.heard(world.cached, healthy, world.by)
    assert.deepEqual(world.news, [])
    await world.clock.advance(30 * 60_000 + 1)
    await world.confirmation.heard(world.cached, healthy, world.by)
    assert.deepEqual(world.news, [`${namespace}/east`])
    assert.deepEqual(world.api.requests, [])
  })

  it('is news where another replica tells of it, only where that says something else, and costs no request here', async () => {
    const world = await confirmed()
    world.tell(world.east.uid, healthy)
    await world.confirmation.told([world.cached])
    assert.deepEqual(world.news, [])
    await world.clock.advance(1_000)
    world.tell(world.east.uid, { ...healthy, health: 'disk-full' })
    await world.confirmation.told([world.cached])
    assert.deepEqual(world.news, [`${namespace}/east`])
    assert.deepEqual(world.api.requests, [])
  })

  it('that another replica tells is no news of a Cluster that nobody has confirmed, or that is being deleted', async () => {
    const world = await confirmed()
    await world.clock.advance(60_000)
    const { cached, east } = world
    world.tell(east.uid, { ...healthy, health: 'disk-full' })
    const waits = { type: 'Joined', status: 'False', reason: 'Disconnecting', message: 'waits for others' } as const
    const conditions = [{ ...waits, lastTransitionTime: at(noon) }]
    const deleted = { ...cached.metadata, deletionTimestamp: at(noon) }
    await world.confirmation.told([world.clusterOf(east), { ...cached, metadata: deleted, status: { conditions } }])
    assert.deepEqual(world.news, [])
  })

  it('of ten thousand that another replica tells keeps no request waiting', async () => {
    const world = await confirmed()
    let turns = 0
    const turning = new AbortController()
    const count = () => {
      turns += 1
      if (!turning.signal.aborted) setImmediate(count)
    }
    setImmediate(count)
    await world.confirmation.told(Array.from({ length: 10_000 }, () => world.cached))
    turning.abort()
    assert.ok(turns >= 100, `${turns} turns of the event loop`)
  })

  it('is news where it says something else, and the Cluster controller writes it', async () => {
    const world = await confirmed()
    await world.confirmation.heard(world.cached, { ...healthy, health: 'disk-full' }, world.by)
    await world.confirmation.heard(
      world.cached,
      { ...healthy, versions: { ...healthy.versions, operator: '0.2.0' } },
      world.by,
    )
    assert.deepEqual(world.news, [`${namespace}/east`, `${namespace}/east`])
    assert.deepEqual(world.api.requests, [])
  })
})
