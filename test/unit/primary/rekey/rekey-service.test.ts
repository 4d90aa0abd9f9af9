/** A member changes its key: the Cluster follows in one write, a lost answer costs nothing, and both keys are told apart. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clusterKind } from '../../../../src/api/cluster.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { readMembershipToken } from '../../../../src/protocol/membership-token.ts'
import { beater } from '../heartbeat/heartbeat-world.fixture.ts'
import { failure } from '../memory-api.fixture.ts'
import { at, namespace } from '../objects.fixture.ts'
import { confirmedMember, rekeyWorld } from './rekey-world.fixture.ts'

const writes = (requests: readonly string[]) => requests.filter((request) => !request.startsWith('get'))

describe('a member that asks for another key', () => {
  it('gets it in one write, with a token that names it, and an Event says so', async () => {
    const { world, east, next } = await confirmedMember()
    world.api.requests.length = 0
    const reply = await world.rekey(east, next)
    assert.ok('status' in reply && reply.status === 'ok' && reply.token !== undefined)
    const { sub, uid, cnf } = readMembershipToken(reply.token)
    assert.deepEqual([sub, uid, cnf.jkt], ['east', 'uid-east', next.thumbprint])
    assert.deepEqual(world.stored()?.spec.member, {
      uid: 'uid-east',
      publicKey: next.x,
      keyId: next.thumbprint,
      previousKeyId: east.key.thumbprint,
      since: at(world.clock.now()),
      tokenId: 'AAAAAAAAAAAAAAAA',
    })
    assert.deepEqual(writes(world.api.requests), ['patch clusters east'])
    const [event] = world.events
    assert.deepEqual([event?.type, event?.reason, event?.regarding.metadata.name], ['Normal', 'KeyChanged', 'east'])
    assert.ok(event?.note.includes(next.thumbprint) && event.note.includes(east.key.thumbprint))
  })

  it('is answered alike when the answer was lost, without another write or Event', async () => {
    const { world, east, next } = await confirmedMember()
    await world.rekey(east, next)
    const before = world.stored()
    world.api.requests.length = 0
    const again = await world.rekey(east, next)
    assert.equal('status' in again && again.status, 'ok')
    assert.deepEqual(world.stored(), before)
    assert.deepEqual([writes(world.api.requests), world.events.length], [[], 1])
  })

  it('is heard with its old key until it has used the new one, and that confirms nothing', async () => {
    const { world, east, next } = await confirmedMember()
    await world.rekey(east, next)
    for (const sync of [() => undefined, () => world.api.sync()]) {
      sync()
      assert.equal((await world.beat(east)).status, 'ok')
      assert.equal(world.stored()?.status?.keyId, east.key.thumbprint)
    }
    assert.equal(world.suspicion(), undefined)
  })

  it('is confirmed by the first heartbeat with the new key before that is answered, also where the cache is behind', async () => {
    const { world, east, next } = await confirmedMember()
    await world.rekey(east, next)
    assert.equal((await world.beat({ ...east, key: next })).status, 'ok')
    assert.equal(world.stored()?.status?.keyId, next.thumbprint)
    world.api.sync()
    world.api.requests.length = 0
    assert.equal((await world.beat({ ...east, key: next })).status, 'ok')
    assert.deepEqual(world.api.requests, [], 'and from then on costs nothing')
  })

  it('gets no answer to that first heartbeat while it cannot be stored', async () => {
    const { world, east, next } = await confirmedMember()
    await world.rekey(east, next)
    world.api.before = (request) => {
      if (request.startsWith('patch')) throw failure(500, 'InternalError')
    }
    await assert.rejects(world.beat({ ...east, key: next }), { name: 'KubeApiError' })
    assert.equal(world.stored()?.status?.keyId, east.key.thumbprint)
  })

  it('and beats with a token of the old key, gets one that names the new key', async () => {
    const { world, east, next } = await confirmedMember()
    const oldToken = await world.tokenOf(east)
    await world.rekey(east, next)
    const reply = await world.beat({ ...east, key: next }, { token: oldToken })
    assert.ok(reply.status === 'ok' && reply.token !== undefined)
    assert.equal(readMembershipToken(reply.token).cnf.jkt, next.thumbprint)
    const second = await world.beat({ ...east, key: next }, { token: reply.token })
    assert.equal(second.status === 'ok' && second.token, undefined)
  })

  it('may ask for a third one instead, as long as nobody has used the second', async () => {
    const { world, east, next } = await confirmedMember()
    await world.rekey(east, generateSigningKey())
    const reply = await world.rekey(east, next)
    assert.equal('status' in reply && reply.status, 'ok')
    const { keyId, previousKeyId } = world.stored()?.spec.member ?? {}
    assert.deepEqual([keyId, previousKeyId], [next.thumbprint, east.key.thumbprint])
  })

  it('keeps its membership whoever writes the Cluster at the same moment', async () => {
    const { world, east, next } = await confirmedMember()
    let isDisturbed = false
    world.api.before = (request) => {
      if (!request.startsWith('patch') || isDisturbed) return
      isDisturbed = true
      const labels = { ...world.stored()?.metadata.labels, theirs: 'kept' }
      const stored = world.stored()
      assert.ok(stored)
      world.api.putUnseen(clusterKind, { ...stored, metadata: { ...stored.metadata, labels } })
    }
    const reply = await world.rekey(east, next)
    assert.equal('status' in reply && reply.status, 'ok')
    assert.equal(world.stored()?.metadata.labels?.['theirs'], 'kept')
    assert.equal(world.stored()?.spec.member?.keyId, next.thumbprint)
  })

  it('gets none where somebody else has given its Cluster another key at the same moment', async () => {
    const { world, east, next } = await confirmedMember()
    const rebound = generateSigningKey()
    let isRebound = false
    world.api.before = (request) => {
      if (!request.startsWith('patch') || isRebound) return
      isRebound = true
      world.api.putUnseen(clusterKind, world.clusterOf({ ...east, key: rebound }))
    }
    assert.deepEqual(await world.rekey(east, next), { status: 'KeyMismatch' })
    assert.equal(world.stored()?.spec.member?.keyId, rebound.thumbprint)
    assert.deepEqual(world.events, [])
  })

  it('of a status that names no key, as an older version wrote it, is told apart by its old key all the same', async () => {
    const { world, east, next } = await confirmedMember()
    const { keyId: _keyId, ...status } = world.stored()?.status ?? {}
    world.api.put(clusterKind, { ...world.clusterOf(east), status })
    const first = await world.rekey(east, next)
    assert.equal('status' in first && first.status, 'ok')
    const again = await world.rekey(east, next)
    assert.equal('status' in again && again.status, 'ok', 'the answer may have been lost')
    assert.equal(world.suspicion(), undefined)
  })
})

describe('a request for another key of somebody who is no member', () => {
  it('is answered as a heartbeat would be', async () => {
    const { world, east, next } = await confirmedMember()
    const waiting = { ...world.clusterOf(east), spec: { ...world.clusterOf(east).spec, approval: 'manual' as const } }
    world.api.put(clusterKind, { ...waiting })
    assert.deepEqual(await world.rekey(east, next), { status: 'UnknownCluster' })
    world.api.put(clusterKind, { ...waiting, spec: { ...waiting.spec, approved: false } })
    assert.deepEqual(await world.rekey(east, next), { status: 'UnknownCluster' })
    world.api.put(clusterKind, world.clusterOf(east, { deletionTimestamp: at(world.clock.now()) }))
    assert.deepEqual(await world.rekey(east, next), { code: 'Busy', message: 'the Cluster is being deleted' })
    world.api.removeUnseen(clusterKind, 'east', namespace)
    assert.deepEqual(await world.rekey(east, next), { status: 'UnknownCluster' })
    const { uid, key, name } = east
    await world.tombstones.store({ uid, keyId: key.thumbprint, name, at: world.clock.now(), isAcknowledged: false })
    const told = await world.rekey(east, next)
    assert.equal('status' in told && told.status, 'Disconnected')
  })

  it('rests on what the API server shows, and not on a cache that is behind', async () => {
    const world = rekeyWorld()
    await world.tombstones.prepare()
    const east = beater()
    world.api.putUnseen(clusterKind, world.clusterOf(east))
    const reply = await world.rekey(east, generateSigningKey())
    assert.equal('status' in reply && reply.status, 'ok')
  })
})
