/** Nobody gets a key into a Cluster but its member; and who has stolen the member's key cannot change it unseen. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { signRekeyRequest } from '../../../../src/protocol/rekey.ts'
import { heartbeatPath, leavePath } from '../../../../src/protocol/wire.ts'
import { type Beater, beater, issuer } from '../heartbeat/heartbeat-world.fixture.ts'
import { at } from '../objects.fixture.ts'
import { confirmedMember, type RekeyWorld } from './rekey-world.fixture.ts'

const statusOf = (reply: Awaited<ReturnType<RekeyWorld['rekey']>>) => ('status' in reply ? reply.status : reply.code)

describe('a request for another key that the member has not made', () => {
  it('is refused without a signature, and changes nothing', async () => {
    const { world, east, next } = await confirmedMember()
    const west = beater({ name: 'west', uid: 'uid-west' })
    world.api.put(clusterKind, world.clusterOf(west))
    const before = world.stored()
    const token = await world.tokenOf(east)
    const thief = { ...east, key: generateSigningKey() }
    const subject = { primaryUid: issuer.uid, uid: east.uid, oldKeyId: east.key.thumbprint }
    const sign = async (changed: Partial<typeof subject>) =>
      signRekeyRequest(next, { ...subject, ...changed }, world.clock.now())
    const cases: readonly (readonly [string, Beater, Parameters<RekeyWorld['rekey']>[2], string])[] = [
      ['a stolen token', thief, { token }, 'ProofInvalid'],
      ["another member's Cluster", west, { as: 'east', path: '/mc/v1/clusters/east/rekey' }, 'Malformed'],
      ["another member's token", west, { as: 'east', token, path: '/mc/v1/clusters/east/rekey' }, 'ProofInvalid'],
      ['a proof for a heartbeat', east, { path: heartbeatPath('east') }, 'ProofInvalid'],
      ['a proof to leave', east, { path: leavePath('east') }, 'ProofInvalid'],
      ['another body than was signed', east, { signedBody: '{}' }, 'ProofInvalid'],
      ['no request in it', east, { body: '{}' }, 'Malformed'],
      ['a request for another primary', east, { request: await sign({ primaryUid: 'other' }) }, 'Malformed'],
      ['a request of another cluster', east, { request: await sign({ uid: 'uid-west' }) }, 'Malformed'],
      [
        'a request in the place of another key',
        east,
        { request: await sign({ oldKeyId: next.thumbprint }) },
        'Malformed',
      ],
    ]
    for (const [what, by, fields, code] of cases)
      assert.equal(statusOf(await world.rekey(by, next, fields)), code, what)
    assert.deepEqual(world.stored(), before)
    assert.deepEqual(world.events, [])
  })

  it('is worth nothing when it is captured and sent again', async () => {
    const { world, east, next } = await confirmedMember()
    const captured = await world.rekeyOf(east, next)
    assert.equal(statusOf(await world.answerTo(captured, east)), 'ok')
    assert.equal(statusOf(await world.answerTo(captured, east)), 'NonceInvalid')
    const late = await world.rekeyOf(east, generateSigningKey())
    await world.clock.advance(60_001)
    assert.equal(statusOf(await world.answerTo(late, east)), 'NonceInvalid')
  })
})

describe('a member that changes its key without end', () => {
  it('is told to wait after a few: each change is two writes and an Event, and each new key had a pace of its own', async () => {
    const { world, east } = await confirmedMember()
    let present = east
    const refused: (string | undefined)[] = []
    world.api.requests.length = 0
    for (let time = 0; time < 20; time += 1) {
      const next = generateSigningKey()
      const status = statusOf(await world.rekey(present, next))
      if (status === 'ok') present = { ...present, key: next }
      else refused.push(status)
      await world.beat(present)
      world.api.sync()
    }
    assert.deepEqual(refused, Array(15).fill('Busy'))
    assert.equal(world.api.requests.filter((request) => request.startsWith('patch')).length, 10)
    assert.equal(world.events.length, 5)
    await world.clock.advance(60_000)
    assert.equal(statusOf(await world.rekey(present, generateSigningKey())), 'ok', 'later it may again')
  })

  it('is answered again about the last one, however often: a lost answer must not keep it waiting', async () => {
    const { world, east, next } = await confirmedMember()
    for (let time = 0; time < 10; time += 1) assert.equal(statusOf(await world.rekey(east, next)), 'ok')
  })
})

describe('a key that no member may have', () => {
  const cases: Record<string, (world: Awaited<ReturnType<typeof confirmedMember>>) => [Beater['key'], RegExp]> = {
    'the one that it would replace': ({ east }) => [east.key, /the one that it would replace/],
    'that of another cluster': ({ world }) => {
      const west = beater({ name: 'west', uid: 'uid-west' })
      world.api.put(clusterKind, world.clusterOf(west))
      return [west.key, /belongs to another cluster/]
    },
    "the primary's own": () => [issuer.key, /the primary's own/],
  }
  for (const [what, prepare] of Object.entries(cases))
    it(`is refused, and the member keeps its own: ${what}`, async () => {
      const member = await confirmedMember()
      const [key, message] = prepare(member)
      const answer = await member.world.rekey(member.east, key)
      assert.ok('code' in answer && answer.code === 'KeyRefused', JSON.stringify(answer))
      assert.match(answer.message ?? '', message)
      assert.equal(member.world.stored()?.spec.member?.keyId, member.east.key.thumbprint)
      assert.equal((await member.world.beat(member.east)).status, 'ok')
    })

  it('is refused where it is the one that was replaced: who was locked out would be let in again', async () => {
    const { world, east, next } = await confirmedMember()
    await world.rekey(east, next)
    const present = { ...east, key: next }
    await world.beat(present)
    assert.equal(statusOf(await world.rekey(present, east.key)), 'KeyRefused')
  })
})

describe('a key that was replaced and whose successor is in use', () => {
  async function replaced() {
    const { world, east, next } = await confirmedMember()
    await world.rekey(east, next)
    const present = { ...east, key: next }
    await world.beat(present)
    world.api.sync()
    world.events.length = 0
    return { world, old: east, present }
  }

  it('gets KeyMismatch for whatever it asks, and the Cluster shows that it was used, once', async () => {
    const { world, old, present } = await replaced()
    assert.equal((await world.beat(old)).status, 'KeyMismatch')
    assert.equal(world.suspicion(), 'PreviousKeyUsed')
    assert.deepEqual(
      world.events.map(({ type, reason, note }) => [type, reason, note.includes(old.key.thumbprint)]),
      [['Warning', 'PreviousKeyUsed', true]],
    )
    const shown = world.stored()
    world.api.sync()
    assert.equal(statusOf(await world.rekey(old, generateSigningKey())), 'KeyMismatch')
    assert.equal((await world.beat(old)).status, 'KeyMismatch')
    assert.deepEqual([world.stored(), world.events.length], [shown, 1])
    assert.equal((await world.beat(present)).status, 'ok', 'nobody is locked out')
  })

  it('shows it also where it only asks for another key', async () => {
    const { world, old } = await replaced()
    assert.equal(statusOf(await world.rekey(old, generateSigningKey())), 'KeyMismatch')
    assert.equal(world.suspicion(), 'PreviousKeyUsed')
  })

  it('is answered even where that cannot be stored', async () => {
    const { world, old } = await replaced()
    world.api.before = (request) => {
      if (request.startsWith('patch')) throw new Error('the API server is away')
    }
    assert.equal((await world.beat(old)).status, 'KeyMismatch')
  })

  it('shows nothing any more when another key is in use, and the next copy at once', async () => {
    const { world, old, present } = await replaced()
    await world.beat(old)
    const third = generateSigningKey()
    assert.equal(statusOf(await world.rekey(present, third)), 'ok')
    assert.equal(world.suspicion(), 'PreviousKeyUsed', 'the answer may be lost, and the key before is still in use')
    await world.beat({ ...present, key: third })
    assert.equal(world.suspicion(), undefined)
    assert.equal(
      world.stored()?.status?.conditions?.some(({ type }) => type === 'Joined'),
      true,
    )
    world.api.sync()
    world.events.length = 0
    assert.equal((await world.beat(present)).status, 'KeyMismatch')
    assert.equal(world.suspicion(), 'PreviousKeyUsed')
    assert.equal(world.events.length, 1, 'in the same second')
  })

  it('is not good again where the status of the Cluster has been lost: nobody can tell which key was in use', async () => {
    const { world, old, present } = await replaced()
    const stored = world.stored()
    assert.ok(stored)
    const { status: _status, ...bare } = stored
    world.api.put<Cluster>(clusterKind, bare)
    assert.equal((await world.beat(old)).status, 'KeyMismatch')
    assert.equal(statusOf(await world.rekey(old, generateSigningKey())), 'KeyMismatch')
    assert.equal(world.stored()?.spec.member?.keyId, present.key.thumbprint)
    assert.equal((await world.beat(present)).status, 'ok')
  })
})

describe('a heartbeat that was captured before the key was replaced', () => {
  it('is answered with a fresh nonce only, and shows nothing: its sender may be anybody', async () => {
    const { world, east, next } = await confirmedMember()
    await world.clock.advance(1_000)
    const heldBack = await world.requestOf(east)
    await world.rekey(east, next)
    await world.beat({ ...east, key: next })
    world.api.sync()
    const answer = await world.heartbeats.heartbeat(heldBack)
    assert.deepEqual([answer.status, 'code' in answer.body && answer.body.code], [401, 'NonceInvalid'])
    assert.equal(world.suspicion(), undefined)
    assert.deepEqual(
      world.events.map(({ reason }) => reason),
      ['KeyChanged'],
    )
    assert.ok(answer.nonce)
    const { status } = await world.heartbeats.heartbeat(await world.requestOf(east, { nonce: answer.nonce }))
    assert.equal(status, 403)
    assert.equal(world.suspicion(), 'PreviousKeyUsed', 'whoever has the key shows it at once')
  })

  it('keeps nobody from being told where the clock was put back by years since', async () => {
    const { world, east, next } = await confirmedMember()
    await world.rekey(east, next)
    await world.beat({ ...east, key: next })
    const stored = world.stored()
    assert.ok(stored?.spec.member)
    const member = { ...stored.spec.member, since: at(world.clock.now() + 365 * 24 * 3_600_000) }
    world.api.put<Cluster>(clusterKind, { ...stored, spec: { ...stored.spec, member } })
    assert.equal((await world.beat(east)).status, 'KeyMismatch')
  })
})

describe('a thief who has the key of a member, and changes it', () => {
  it('shows on both sides: the member is told KeyMismatch, and the Cluster says what was done', async () => {
    const { world, east } = await confirmedMember()
    const thief = { ...east, key: generateSigningKey() }
    assert.equal(statusOf(await world.rekey(east, thief.key)), 'ok')
    assert.deepEqual(
      world.events.map(({ reason }) => reason),
      ['KeyChanged'],
    )
    assert.equal((await world.beat(thief)).status, 'ok')
    world.api.sync()
    assert.equal((await world.beat(east)).status, 'KeyMismatch')
    assert.equal(world.suspicion(), 'PreviousKeyUsed')
    assert.deepEqual(
      world.events.map(({ reason }) => reason),
      ['KeyChanged', 'PreviousKeyUsed'],
    )
  })

  it('is not the younger of two Clusters of one cluster', async () => {
    const { world, east, next } = await confirmedMember()
    const elder = world.clusterOf({ ...east, name: 'elder' }, { creationTimestamp: at(0) })
    world.api.put(clusterKind, elder)
    assert.deepEqual(await world.rekey(east, next), { status: 'UnknownCluster' })
  })
})
