/** A cluster that has been disconnected does not come back by a key that it had before, nor does who has stolen that one. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clusterKind } from '../../../../src/api/cluster.ts'
import { tombstoneOf } from '../../../../src/primary/cluster/tombstone.ts'
import { namespace } from '../objects.fixture.ts'
import { confirmedMember, type RekeyWorld } from './rekey-world.fixture.ts'

/** The Cluster is deleted by its administrator: what the primary remembers of it is stored, and it goes. */
async function disconnect({ api, clock, tombstones, stored }: RekeyWorld): Promise<void> {
  const cluster = stored()
  assert.ok(cluster?.spec.member)
  await tombstones.store(tombstoneOf(cluster, cluster.spec.member, { at: clock.now(), isAcknowledged: false }))
  api.removeUnseen(clusterKind, 'east', namespace)
  api.sync()
}

describe('a cluster that is disconnected after its key was replaced', () => {
  it('is told so also where the answer that told of the new key was lost: it would join again by itself', async () => {
    const { world, east, next } = await confirmedMember()
    await world.rekey(east, next)
    await disconnect(world)
    assert.equal((await world.beat(east)).status, 'Disconnected')
    assert.equal((await world.beat({ ...east, key: next })).status, 'Disconnected')
  })

  it('is told so by whichever of its two last keys it asks for another one', async () => {
    const { world, east, next } = await confirmedMember()
    await world.rekey(east, next)
    const present = { ...east, key: next }
    await world.beat(present)
    await disconnect(world)
    for (const by of [east, present]) {
      const reply = await world.rekey(by, (await confirmedMember()).next)
      assert.equal('status' in reply && reply.status, 'Disconnected')
    }
  })

  it('still hears of it when who has the key before says that he has heard', async () => {
    const { world, east, next } = await confirmedMember()
    await world.rekey(east, next)
    await disconnect(world)
    const heard = await world.tombstones.findLive({ uid: east.uid, keyId: east.key.thumbprint })
    assert.ok(heard)
    await world.tombstones.store({ ...heard, isAcknowledged: true })
    world.api.sync()
    await world.clock.advance(121_000)
    await world.tombstones.dropAcknowledged()
    world.api.sync()
    assert.equal((await world.beat({ ...east, key: next })).status, 'Disconnected')
  })
})
