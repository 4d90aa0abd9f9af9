/** What comes of a request to leave: the Cluster goes, a disconnection is taken as heard, and a lost answer costs nothing. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { type Beater, beater } from '../heartbeat/heartbeat-world.fixture.ts'
import { failure } from '../memory-api.fixture.ts'
import { at, namespace, noon } from '../objects.fixture.ts'
import { type LeaveWorld, leaveWorld } from './leave-world.fixture.ts'

const ok = { status: 'ok', interval: 20 }
const minute = 60_000

/** A world with this member, who joined at noon, a minute ago. */
async function worldOf(east: Beater): Promise<LeaveWorld> {
  const world = leaveWorld()
  await world.tombstones.prepare()
  world.api.put(clusterKind, world.clusterOf(east))
  await world.clock.advance(minute)
  return world
}
const storedCluster = ({ api }: LeaveWorld) => api.stored<Cluster>(clusterKind, 'east', namespace)
const tombstoneOf = async ({ tombstones }: LeaveWorld, { uid, key }: Beater) =>
  tombstones.findLive({ uid, keyId: key.thumbprint })

describe('a member that leaves', () => {
  it('is told ok when its Cluster has been deleted and is remembered as gone, and an Event says so', async () => {
    const east = beater()
    const world = await worldOf(east)
    assert.deepEqual(await world.leave(east), ok)
    assert.equal(storedCluster(world), undefined)
    assert.deepEqual(await tombstoneOf(world, east), {
      uid: 'uid-east',
      keyId: east.key.thumbprint,
      name: 'east',
      at: noon + minute,
      isAcknowledged: true,
    })
    const [event] = world.events
    assert.deepEqual(
      [event?.reason, event?.regarding.kind, event?.regarding.metadata.name],
      ['Left', 'Cluster', 'east'],
    )
    assert.match(event?.note ?? '', /^east left by itself; /)
  })

  it('is remembered before its Cluster is deleted: a crash between the two leaves a member, which asks again', async () => {
    const east = beater()
    const world = await worldOf(east)
    world.api.before = (request) => {
      if (request.startsWith('delete')) throw failure(500, 'InternalError')
    }
    await assert.rejects(world.service.leave(await world.leaveOf(east)), { name: 'KubeApiError' })
    assert.ok(storedCluster(world))
    world.api.before = () => undefined
    await world.clock.advance(1_000)
    assert.deepEqual(await world.leave(east), ok)
    assert.equal(storedCluster(world), undefined)
  })

  it('is told ok again, where the answer was lost', async () => {
    const east = beater()
    const world = await worldOf(east)
    await world.leave(east)
    await world.clock.advance(1_000)
    assert.deepEqual(await world.leave(east), ok)
    await world.clock.advance(10 * minute)
    world.api.sync()
    assert.equal(await world.tombstones.dropAcknowledged(), undefined)
    assert.deepEqual(await world.leave(east), ok)
  })

  it('is told ok where its Cluster is being deleted already', async () => {
    const east = beater()
    const world = await worldOf(east)
    world.api.put(clusterKind, world.clusterOf(east, { deletionTimestamp: at(noon) }))
    assert.deepEqual(await world.leave(east), ok)
    assert.equal((await tombstoneOf(world, east))?.isAcknowledged, true)
  })

  it('is not told ok by a cache that is behind', async () => {
    const east = beater()
    const world = await worldOf(east)
    const successor = beater({ uid: 'uid-other' })
    world.api.putUnseen(clusterKind, world.clusterOf(successor))
    assert.deepEqual(await world.leave(east), ok, 'it has gone')
    assert.equal(storedCluster(world)?.spec.member?.uid, 'uid-other')
  })

  it('deletes the very Cluster that was looked at, and none that has taken its place', async () => {
    const east = beater()
    const world = await worldOf(east)
    world.api.before = (request) => {
      if (!request.startsWith('delete')) return
      world.api.before = () => undefined
      world.api.put(clusterKind, world.clusterOf(beater({ uid: 'uid-other' }), { uid: 'another-object' }))
    }
    await assert.rejects(world.service.leave(await world.leaveOf(east)), { name: 'KubeApiError', status: 409 })
    assert.equal(storedCluster(world)?.spec.member?.uid, 'uid-other')
  })
})

describe('a disconnection that is acknowledged', () => {
  const disconnected = async () => {
    const east = beater()
    const world = await worldOf(east)
    world.api.removeUnseen(clusterKind, 'east', namespace)
    world.api.sync()
    const { uid, key, name } = east
    await world.tombstones.store({ uid, keyId: key.thumbprint, name, at: world.clock.now(), isAcknowledged: false })
    await world.clock.advance(1_000)
    return { east, world }
  }

  it('is told ok, and is forgotten when it is two minutes old, not before', async () => {
    const { east, world } = await disconnected()
    assert.deepEqual(await world.leave(east), ok)
    assert.deepEqual(world.events, [], 'it did not leave by itself')
    world.api.sync()
    assert.equal(await world.tombstones.dropAcknowledged(), 2 * minute - 1_000)
    assert.ok(await tombstoneOf(world, east))
    await world.clock.advance(2 * minute - 1_000)
    assert.equal(await world.tombstones.dropAcknowledged(), undefined)
    assert.equal(await tombstoneOf(world, east), undefined)
  })

  it('is not forgotten by a key that is not the one which was disconnected', async () => {
    const { east, world } = await disconnected()
    assert.deepEqual(await world.leave({ ...east, key: generateSigningKey() }), ok, 'nothing of it is left')
    assert.equal((await tombstoneOf(world, east))?.isAcknowledged, false)
  })

  it('is not believed to be stored where the API server fails', async () => {
    const { east, world } = await disconnected()
    world.api.before = (request) => {
      if (request.startsWith('patch')) throw failure(500, 'InternalError')
    }
    await assert.rejects(world.service.leave(await world.leaveOf(east)), { name: 'KubeApiError' })
  })
})

describe('a request to leave of somebody whom the primary knows otherwise', () => {
  it('is KeyMismatch where the Cluster has another key by now, and ends nothing', async () => {
    const east = beater()
    const world = await worldOf({ ...east, key: generateSigningKey() })
    assert.deepEqual(await world.leave(east), { status: 'KeyMismatch' })
    assert.ok(storedCluster(world))
  })

  it('is ok where neither Cluster nor tombstone is left', async () => {
    const world = leaveWorld()
    assert.deepEqual(await world.leave(beater()), ok)
  })
})
