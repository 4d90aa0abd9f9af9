/** Nobody ends a membership but the member itself, and nothing that it once said ends a later one. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clusterKind } from '../../../../src/api/cluster.ts'
import { createIssuer } from '../../../../src/protocol/issuer.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { createNonce, memberContext } from '../../../../src/protocol/nonce.ts'
import { heartbeatPath } from '../../../../src/protocol/wire.ts'
import { type Beater, beater, issuer } from '../heartbeat/heartbeat-world.fixture.ts'
import { at, namespace, noon } from '../objects.fixture.ts'
import { type LeaveWorld, leaveWorld } from './leave-world.fixture.ts'

const minute = 60_000
const isThere = ({ api }: LeaveWorld, name = 'east') => api.stored(clusterKind, name, namespace) !== undefined

async function worldOf(...members: readonly Beater[]): Promise<LeaveWorld> {
  const world = leaveWorld()
  await world.tombstones.prepare()
  for (const beats of members) world.api.put(clusterKind, world.clusterOf(beats))
  await world.clock.advance(minute)
  return world
}

describe('a request to leave that the member has not made', () => {
  it('is refused without a signature, changes nothing and tells nothing', async () => {
    const [east, west] = [beater(), beater({ name: 'west', uid: 'uid-west' })]
    const world = await worldOf(east, west)
    const thief = { ...east, key: generateSigningKey() }
    const token = await world.tokenOf(east)
    const other = generateSigningKey()
    const forger = createIssuer(issuer.uid, other)
    const foreign = createNonce(issuer.nonceKey, memberContext(issuer.uid, west.key.thumbprint), world.clock.now())
    const cases: readonly (readonly [string, Beater, Parameters<LeaveWorld['leaveOf']>[1], string])[] = [
      ['a stolen token', thief, { token }, 'ProofInvalid'],
      [
        'a token that the thief has made for himself',
        thief,
        { token: await world.tokenOf(thief, forger) },
        'ProofInvalid',
      ],
      ["another member's name in the path", west, { as: 'east', path: '/mc/v1/clusters/east/leave' }, 'Malformed'],
      ["another member's token", west, { as: 'east', token, path: '/mc/v1/clusters/east/leave' }, 'ProofInvalid'],
      ['a proof for a heartbeat', east, { path: heartbeatPath('east') }, 'ProofInvalid'],
      ['another body than was signed', east, { signedBody: '{"kid":1}' }, 'ProofInvalid'],
      ['a nonce that was given to another', east, { nonce: foreign }, 'NonceInvalid'],
      ['a nonce that is made up', east, { nonce: 'A'.repeat(54) }, 'NonceInvalid'],
      ['a body that is none', east, { body: '[]' }, 'Malformed'],
    ]
    world.api.requests.length = 0
    for (const [what, by, fields, code] of cases) {
      await world.clock.advance(1_000)
      const answer = await world.answerTo(await world.leaveOf(by, fields), by)
      assert.ok('code' in answer, what)
      assert.equal(answer.code, code, what)
      assert.ok(isThere(world) && isThere(world, 'west'), what)
    }
    const writes = world.api.requests.filter((request) => !request.startsWith('get'))
    assert.deepEqual([writes, world.events], [[], []])
  })
})

describe('a captured request to leave', () => {
  it('does not end the membership of a later join, at whichever replica, and its nonce helps nobody', async () => {
    const east = beater()
    const world = await worldOf(east)
    const captured = await world.leaveOf(east)
    assert.deepEqual(await world.answerTo(captured, east), { status: 'ok', interval: 20 })
    await world.clock.advance(1_000)
    world.api.put(clusterKind, world.clusterOf(east, { uid: 'joined-again' }, { since: at(world.clock.now()) }))
    for (const service of [world.service, world.replica()]) {
      const answer = await world.answerTo(captured, east, service)
      assert.deepEqual('code' in answer ? answer.code : answer, 'NonceInvalid')
      assert.ok(isThere(world))
    }
  })

  it('does not end it where the replica that made its nonce was five seconds ahead', async () => {
    const east = beater()
    const world = await worldOf()
    const nonce = createNonce(issuer.nonceKey, memberContext(issuer.uid, east.key.thumbprint), noon + minute + 4_999)
    const captured = await world.leaveOf(east, { nonce })
    world.api.put(clusterKind, world.clusterOf(east, {}, { since: at(noon + minute) }))
    const answer = await world.answerTo(captured, east)
    assert.deepEqual('code' in answer ? answer.code : answer, 'NonceInvalid')
    assert.ok(isThere(world))
    await world.clock.advance(5_000)
    assert.deepEqual(await world.leave(east), { status: 'ok', interval: 20 }, 'and the member itself may leave soon')
  })

  it('that never arrived is of no use after a minute', async () => {
    const east = beater()
    const world = await worldOf(east)
    const captured = await world.leaveOf(east)
    await world.clock.advance(minute + 1)
    const answer = await world.answerTo(captured, east)
    assert.deepEqual('code' in answer ? answer.code : answer, 'NonceInvalid')
    assert.ok(isThere(world))
  })

  it('does not acknowledge a later disconnection, of which the cluster has yet to hear', async () => {
    const east = beater()
    const world = await worldOf()
    const captured = await world.leaveOf(east)
    await world.clock.advance(1_000)
    const keyId = east.key.thumbprint
    const tombstone = { uid: east.uid, keyId, name: 'east', at: world.clock.now(), isAcknowledged: false }
    await world.tombstones.store(tombstone)
    const answer = await world.answerTo(captured, east)
    assert.deepEqual('code' in answer ? answer.code : answer, 'NonceInvalid')
    assert.deepEqual(await world.tombstones.findLive(tombstone), tombstone)
  })
})

describe('a member that had heard that its nonce is too old', () => {
  it('gets one with which it can leave', async () => {
    const east = beater()
    const world = await worldOf(east)
    const old = createNonce(issuer.nonceKey, memberContext(issuer.uid, east.key.thumbprint), noon - 1)
    const refused = await world.answerTo(await world.leaveOf(east, { nonce: old }), east)
    assert.ok('code' in refused && refused.nonce !== undefined)
    await world.clock.advance(10)
    const answer = await world.answerTo(await world.leaveOf(east, { nonce: refused.nonce }), east)
    assert.deepEqual(answer, { status: 'ok', interval: 20 })
  })
})
