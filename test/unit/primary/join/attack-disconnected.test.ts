/** What was disconnected stays so against a request that is older, and is not kept out by a clock that was wrong. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clusterKind } from '../../../../src/api/cluster.ts'
import { configMapKind } from '../../../../src/kube/objects.ts'
import { at } from '../objects.fixture.ts'
import { type Applicant, applicant, joinWorld } from './join-world.fixture.ts'

const tenYears = 10 * 365 * 24 * 3_600_000

async function disconnected(asks: Applicant) {
  const world = joinWorld()
  await world.tombstones.prepare()
  const { token } = world.storeToken()
  const tombstone = { uid: asks.uid, keyId: asks.key.thumbprint, name: 'east', isAcknowledged: false }
  return { world, token, tombstone }
}

describe('a captured join that is sent again after a disconnection', () => {
  it('is refused also by a replica whose cache still shows the membership', async () => {
    const asks = applicant()
    const { world, token, tombstone } = await disconnected(asks)
    const { metadata } = world.storeMember(asks)
    world.api.sync()
    const challenge = await world.challengeFor(asks, token)
    const { request } = await world.requestOf(asks, token, challenge)
    await world.advance(1_000)
    await world.tombstones.store({ ...tombstone, at: world.clock.now() })
    world.api.removeUnseen(clusterKind, 'east', metadata.namespace)
    assert.equal((await world.service.join({ request })).status, 403)
    assert.equal(world.api.stored(clusterKind, 'east', metadata.namespace), undefined)
  })
})

describe('a captured join that is sent again to a replica that has not heard of the disconnection', () => {
  it('is refused, though the Cluster has gone from its cache and the word of the disconnection has not come', async () => {
    const asks = applicant()
    const { world, token, tombstone } = await disconnected(asks)
    const challenge = await world.challengeFor(asks, token)
    const { request } = await world.requestOf(asks, token, challenge)
    await world.advance(1_000)
    await world.tombstones.store({ ...tombstone, at: world.clock.now() })
    assert.equal((await world.service.join({ request })).status, 403)
    assert.deepEqual(world.api.all(clusterKind), [])
  })
})

describe('a cluster that is disconnected again while its join is written', () => {
  it('stays disconnected: its join forgets the older word alone', async () => {
    const asks = applicant()
    const { world, token, tombstone } = await disconnected(asks)
    await world.tombstones.store({ ...tombstone, at: world.clock.now() })
    world.api.sync()
    await world.advance(1_000)
    const again = { ...tombstone, at: world.clock.now() + 1_000 }
    world.api.before = (request) => {
      if (!request.startsWith('create bootstraps')) return
      world.api.before = () => undefined
      const [stored] = world.api.all(configMapKind)
      assert.ok(stored)
      const entry = JSON.stringify({ name: again.name, time: at(again.at) })
      world.api.put(configMapKind, { ...stored, data: { [`${again.uid}.${again.keyId}`]: entry } })
    }
    assert.equal((await world.join(asks, token)).kind, 'joined')
    assert.deepEqual(await world.tombstones.findLive(tombstone), again)
  })
})

describe('a cluster that joins again where nothing has been heard yet of its disconnection', () => {
  it('leaves no word of it behind, which would be the last one on a membership that ends in silence', async () => {
    const asks = applicant()
    const { world, token, tombstone } = await disconnected(asks)
    await world.tombstones.store({ ...tombstone, at: world.clock.now() })
    await world.advance(1_000)
    assert.equal((await world.join(asks, token)).kind, 'joined')
    assert.equal(await world.tombstones.findLive(tombstone), undefined)
  })
})

describe("a cluster that was disconnected while the primary's clock was years ahead", () => {
  it('may join again once the clock is right', async () => {
    const asks = applicant()
    const { world, token, tombstone } = await disconnected(asks)
    await world.tombstones.store({ ...tombstone, at: world.clock.now() + tenYears })
    world.api.sync()
    assert.equal((await world.join(asks, token)).kind, 'joined')
    assert.equal(await world.tombstones.findLive(tombstone), undefined)
  })
})
