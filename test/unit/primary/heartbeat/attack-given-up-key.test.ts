/** What is said to a member whose communication token no key of the primary vouches for any more. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clusterKind } from '../../../../src/api/cluster.ts'
import { createIssuer } from '../../../../src/protocol/issuer.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { noon } from '../objects.fixture.ts'
import { type Beater, beater, heartbeatWorld, issuer } from './heartbeat-world.fixture.ts'

/** Holds no key of the primary: it was given up, or is a forger's. */
const other = createIssuer(issuer.uid, generateSigningKey())

/** East was disconnected, and everybody has heard of it. */
async function disconnected(east: Beater) {
  const world = heartbeatWorld()
  await world.tombstones.prepare()
  const { uid, name, key } = east
  await world.tombstones.store({ uid, name, keyId: key.thumbprint, at: noon, isAcknowledged: false })
  world.api.sync()
  return world
}

const notProven = { name: 'ProtocolError', code: 'ProofInvalid' }

describe('a heartbeat with a token that no held key has signed', () => {
  it('is told of its disconnection, where it shows the very key that was disconnected', async () => {
    const east = beater()
    const world = await disconnected(east)
    const { status } = await world.beat(east, { token: await world.tokenOf(east, other) })
    assert.equal(status, 'Disconnected')
  })

  it('is told nothing, where it shows another key or another uid', async () => {
    const east = beater()
    const world = await disconnected(east)
    const thieves = [beater({ ...east, key: generateSigningKey() }), beater({ ...east, uid: 'uid-other' })]
    for (const thief of thieves) {
      const token = await world.tokenOf(thief, other)
      await assert.rejects(world.beat(thief, { token }), notProven)
    }
  })

  it('is told nothing of what has become of its name, and not taken for a member', async () => {
    const east = beater()
    const world = await disconnected(east)
    const token = await world.tokenOf(east, other)
    world.api.putUnseen(clusterKind, world.clusterOf(east))
    await assert.rejects(world.beat(east, { token }), notProven)
  })

  it('is told nothing once the disconnection is over, whatever a cache still shows', async () => {
    const east = beater()
    const world = await disconnected(east)
    await world.tombstones.forget({ uid: east.uid, keyId: east.key.thumbprint }, () => true)
    await assert.rejects(world.beat(east, { token: await world.tokenOf(east, other) }), notProven)
  })
})
