/** A member in the middle of a roll of the primary's keys: answered by the key it trusts, and led to the newer one. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { createIssuer } from '../../../../src/protocol/issuer.ts'
import { createKeyring } from '../../../../src/protocol/keyring.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { readMembershipToken, signerOfMembershipToken } from '../../../../src/protocol/membership-token.ts'
import { signNextKey } from '../../../../src/protocol/next-key.ts'
import { createNonce, memberContext } from '../../../../src/protocol/nonce.ts'
import { failure } from '../memory-api.fixture.ts'
import { namespace } from '../objects.fixture.ts'
import { beater, healthy, heartbeatWorld, issuer } from './heartbeat-world.fixture.ts'

const first = issuer.key
const second = generateSigningKey()
const announcement = await signNextKey(issuer.uid, second)
const announced = createKeyring(issuer.uid, { current: first, next: { key: second, announcement } })
const promoted = createKeyring(issuer.uid, { current: second, retired: [first] })

async function member() {
  const world = heartbeatWorld()
  const east = beater()
  world.api.put(clusterKind, world.clusterOf(east))
  assert.equal((await world.beat(east, { named: first })).status, 'ok')
  world.api.sync()
  world.api.requests.length = 0
  const trusted = () => world.api.stored<Cluster>(clusterKind, 'east', namespace)?.status?.primaryKeyId
  return { ...world, beat: async (...asked: Parameters<typeof world.beat>) => world.beat(...asked), east, trusted }
}

describe('a heartbeat during a roll', () => {
  it('tells the next key, as it announces itself', async () => {
    const { beat, hold, east } = await member()
    hold(announced)
    const reply = await beat(east, { named: first })
    assert.ok(reply.status === 'ok')
    assert.deepEqual(reply.keys, { current: { kid: first.thumbprint, x: first.x }, next: announcement })
    assert.equal(reply.token, undefined)
  })

  it('by the next key gives a token of that key, and the key counts as trusted once that token is shown', async () => {
    const { beat, hold, east, trusted, api } = await member()
    hold(announced)
    const reply = await beat(east, { named: second })
    assert.ok(reply.status === 'ok' && reply.token !== undefined)
    assert.equal(signerOfMembershipToken(reply.token), second.thumbprint)
    assert.equal(trusted(), first.thumbprint)
    assert.deepEqual(api.requests, [])

    const again = await beat(east, { named: second, token: reply.token })
    assert.ok(again.status === 'ok' && again.token === undefined)
    assert.equal(trusted(), second.thumbprint)
    assert.deepEqual(api.requests, ['patch clusters east'], 'one write for a member and a roll')
  })

  it('of who was away for all of it is answered by the retired key, with the current one', async () => {
    const { beat, hold, east } = await member()
    hold(promoted)
    const reply = await beat(east, { named: first })
    assert.ok(reply.status === 'ok')
    assert.deepEqual(reply.keys, { current: { kid: second.thumbprint, x: second.x } })
  })

  it('by a key that was given up gets no signed answer', async () => {
    const world = await member()
    world.hold(createKeyring(issuer.uid, { current: second }))
    await world.clock.advance(1_000)
    const context = memberContext(issuer.uid, world.east.key.thumbprint)
    const nonce = createNonce(createIssuer(issuer.uid, second).nonceKey, context, world.clock.now())
    const body = JSON.stringify({ ...healthy, kid: first.thumbprint })
    const request = await world.requestOf(world.east, { body, nonce })
    await assert.rejects(world.service.heartbeat(request), { code: 'PrimaryKeyMismatch' })
  })

  it('is answered also where it cannot be written which key is trusted', async () => {
    const { beat, hold, east, api, tokenOf, trusted } = await member()
    hold(announced)
    api.before = () => {
      throw failure(500, 'InternalError')
    }
    const token = await tokenOf(east, createIssuer(issuer.uid, second))
    assert.equal((await beat(east, { named: second, token })).status, 'ok')
    api.before = () => undefined
    await beat(east, { named: second, token })
    assert.equal(trusted(), second.thumbprint)
  })
})

describe('a first heartbeat', () => {
  it('stores the key that is trusted in the write that confirms the join', async () => {
    const world = heartbeatWorld()
    const east = beater()
    world.api.put(clusterKind, world.clusterOf(east))
    await world.beat(east, { named: first })
    const writes = world.api.requests.filter((request) => !/^(get|list) /.test(request))
    assert.deepEqual(writes, ['patch clusters east'])
    const stored = world.api.stored<Cluster>(clusterKind, 'east', namespace)
    assert.equal(stored?.status?.primaryKeyId, first.thumbprint)
  })
})

describe('a member that shows a token of its own making', () => {
  it('is given none for another key or another cluster by it', async () => {
    const { beat, hold, east, tokenOf } = await member()
    hold(announced)
    const thief = beater({ name: 'east', uid: east.uid })
    const reply = await beat(east, { named: second, token: await tokenOf(thief) })
    assert.ok(reply.status === 'ok' && reply.token !== undefined)
    const { sub, uid, cnf } = readMembershipToken(reply.token)
    assert.deepEqual([sub, uid, cnf.jkt], ['east', east.uid, east.key.thumbprint])
  })
})
