/** What a heartbeat is answered: signed to whoever is or once was a member, and nothing to anybody else. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clusterKind } from '../../../../src/api/cluster.ts'
import { createIssuer } from '../../../../src/protocol/issuer.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { createNonce, memberContext, nonceKeyOf } from '../../../../src/protocol/nonce.ts'
import { heartbeatPath } from '../../../../src/protocol/wire.ts'
import { failure } from '../memory-api.fixture.ts'
import { at, namespace, noon } from '../objects.fixture.ts'
import { type Beater, beater, healthy, heartbeatWorld, issuer } from './heartbeat-world.fixture.ts'

const reads = (requests: readonly string[]) => requests.filter((request) => /^(get|list) /.test(request)).toSorted()
const liveReads = ['get clusters east', 'get configmaps mc-tombstones']

describe('a heartbeat of a member', () => {
  it('is answered ok, with what it needs to go on, and costs no request once it is confirmed', async () => {
    const world = heartbeatWorld()
    const east = beater()
    world.api.put(clusterKind, world.clusterOf(east))
    assert.deepEqual(await world.beat(east), {
      status: 'ok',
      interval: 20,
      keys: { current: { kid: issuer.key.thumbprint, x: issuer.key.x } },
      endpoints: ['https://primary.example.com'],
      http: 200,
    })
    world.api.sync()
    world.api.requests.length = 0
    for (let time = 0; time < 10; time += 1) assert.equal((await world.beat(east)).status, 'ok')
    assert.deepEqual(world.api.requests, [])
  })

  it('is ok where the cache does not know the Cluster yet', async () => {
    const world = heartbeatWorld()
    const east = beater()
    world.api.putUnseen(clusterKind, world.clusterOf(east))
    assert.equal((await world.beat(east)).status, 'ok')
  })

  it('brings a nonce for the next one', async () => {
    const world = heartbeatWorld()
    const east = beater()
    world.api.put(clusterKind, world.clusterOf(east))
    const first = await world.requestOf(east)
    await world.clock.advance(50)
    const { nonce } = await world.service.heartbeat(first)
    assert.ok(nonce !== undefined)
    await world.clock.advance(20_000)
    assert.equal((await world.service.heartbeat(await world.requestOf(east, { nonce }))).status, 200)
  })
})

describe('a request that proves nothing', () => {
  async function unsigned(
    world: ReturnType<typeof heartbeatWorld>,
    request: Parameters<typeof world.service.heartbeat>[0],
  ) {
    try {
      const { status, body, nonce, isProven } = await world.service.heartbeat(request)
      assert.ok('code' in body, 'signed')
      assert.equal(isProven, undefined)
      return { code: body.code, status, nonce }
    } catch (error) {
      return { code: Reflect.get(error as object, 'code') as string, status: undefined, nonce: undefined }
    }
  }

  it('gets an unsigned 401 with a fresh nonce where its nonce is old, of another or made up, and can go on', async () => {
    const world = heartbeatWorld()
    const east = beater()
    world.api.put(clusterKind, world.clusterOf(east))
    const context = memberContext(issuer.uid, east.key.thumbprint)
    const old = createNonce(issuer.nonceKey, context, noon - 5 * 60_000 - 1)
    const others = createNonce(issuer.nonceKey, memberContext(issuer.uid, generateSigningKey().thumbprint), noon)
    const elsewhere = createNonce(nonceKeyOf(generateSigningKey()), context, noon)
    for (const nonce of [old, others, elsewhere, 'A'.repeat(old.length)]) {
      const answer = await unsigned(world, await world.requestOf(east, { nonce }))
      assert.deepEqual([answer.code, answer.status], ['NonceInvalid', 401])
      assert.ok(answer.nonce !== undefined)
      await world.clock.advance(1_000)
      assert.equal((await world.service.heartbeat(await world.requestOf(east, { nonce: answer.nonce }))).status, 200)
    }
  })

  it('may have a nonce of five minutes ago', async () => {
    const world = heartbeatWorld()
    const east = beater()
    world.api.put(clusterKind, world.clusterOf(east))
    const nonce = createNonce(issuer.nonceKey, memberContext(issuer.uid, east.key.thumbprint), noon - 5 * 60_000)
    assert.equal((await world.service.heartbeat(await world.requestOf(east, { nonce }))).status, 200)
  })

  it('is refused without a signature, and without a look at the API server, whatever part of it is not what was signed', async () => {
    const world = heartbeatWorld()
    const east = beater()
    world.api.put(clusterKind, world.clusterOf(east))
    const west = beater({ name: 'west' })
    const body = JSON.stringify(healthy)
    const bad: readonly (readonly [string, Awaited<ReturnType<typeof world.requestOf>>])[] = [
      ['another body', await world.requestOf(east, { signedBody: `${body} ` })],
      ['another path', await world.requestOf(east, { path: heartbeatPath('west') })],
      ['another token', { ...(await world.requestOf(east)), token: await world.tokenOf(west) }],
      ['no proof', { ...(await world.requestOf(east)), proof: '' }],
      ['a proof that is none', { ...(await world.requestOf(east)), proof: 'a.b.c' }],
      ['a token that is none', await world.requestOf(east, { token: 'a.b.c' })],
      [
        'a path that names another cluster than the token',
        await world.requestOf(west, { token: await world.tokenOf(east) }),
      ],
      ['no body', { ...(await world.requestOf(east)), body: Buffer.alloc(0) }],
      ['a body that is no heartbeat', await world.requestOf(east, { body: '{"health":"ok"}' })],
      [
        'a health with spaces',
        await world.requestOf(east, { body: JSON.stringify({ ...healthy, health: 'not well' }) }),
      ],
    ]
    for (const [what, request] of bad) {
      const { code } = await unsigned(world, request)
      assert.ok(['ProofInvalid', 'Malformed', 'NonceInvalid'].includes(code), `${what}: ${code}`)
    }
    assert.deepEqual(world.api.requests, [])
    assert.deepEqual(world.sightings.heard(), [])
  })

  it('is refused where another key signs with a stolen token', async () => {
    const world = heartbeatWorld()
    const east = beater()
    world.api.put(clusterKind, world.clusterOf(east))
    const stolen = await world.requestOf({ ...east, key: generateSigningKey() }, { token: await world.tokenOf(east) })
    assert.equal((await unsigned(world, stolen)).code, 'ProofInvalid')
  })

  it('is refused where another primary has signed its token', async () => {
    const world = heartbeatWorld()
    const key = generateSigningKey()
    const foreign = createIssuer(issuer.uid, key)
    const east = beater()
    const request = await world.requestOf(east, { token: await world.tokenOf(east, foreign) })
    assert.equal((await unsigned(world, request)).code, 'ProofInvalid')
    assert.deepEqual(world.api.requests, [])
  })
})

describe('a signed answer other than ok', () => {
  async function replyTo(beats: Beater, prepare: (world: ReturnType<typeof heartbeatWorld>) => Promise<void> | void) {
    const world = heartbeatWorld()
    await world.tombstones.prepare()
    await prepare(world)
    world.api.requests.length = 0
    const reply = await world.beat(beats)
    assert.deepEqual(world.sightings.heard(), [])
    return { reply, asked: world.api.requests }
  }

  it('is UnknownCluster where there is neither Cluster nor tombstone, as the API server has just said', async () => {
    const { reply, asked } = await replyTo(beater(), () => undefined)
    assert.deepEqual(reply, { status: 'UnknownCluster', http: 404 })
    assert.deepEqual(reads(asked), liveReads)
  })

  it('is UnknownCluster where another cluster has the name now', async () => {
    const { reply, asked } = await replyTo(beater(), (world) => {
      world.api.put(clusterKind, world.clusterOf(beater({ uid: 'uid-other' })))
    })
    assert.deepEqual(reply, { status: 'UnknownCluster', http: 404 })
    assert.deepEqual(reads(asked), liveReads)
  })

  it('is Disconnected, with the time, where there is a tombstone of its uid and key', async () => {
    const east = beater()
    const { reply, asked } = await replyTo(east, async (world) => {
      await world.tombstones.store({
        uid: east.uid,
        keyId: east.key.thumbprint,
        name: 'east',
        at: noon - 60_000,
        isAcknowledged: false,
      })
    })
    assert.deepEqual(reply, { status: 'Disconnected', at: Math.floor((noon - 60_000) / 1000), http: 410 })
    assert.deepEqual(reads(asked), liveReads)
  })

  it('is not Disconnected where the tombstone is of another key', async () => {
    const east = beater()
    const { reply } = await replyTo(east, async (world) => {
      const keyId = generateSigningKey().thumbprint
      await world.tombstones.store({ uid: east.uid, keyId, name: 'east', at: noon, isAcknowledged: false })
    })
    assert.equal(reply.status, 'UnknownCluster')
  })

  it('is KeyMismatch where the Cluster has another key now, to the key of the token', async () => {
    const east = beater()
    const { reply, asked } = await replyTo(east, (world) => {
      world.api.put(clusterKind, world.clusterOf({ ...east, key: generateSigningKey() }))
    })
    assert.deepEqual(reply, { status: 'KeyMismatch', http: 403 })
    assert.deepEqual(reads(asked), liveReads)
  })

  it('does not come from a cache that is behind', async () => {
    const east = beater()
    const { reply } = await replyTo(east, (world) => {
      world.api.put(clusterKind, world.clusterOf(east, {}, { keyId: generateSigningKey().thumbprint }))
      world.api.removeUnseen(clusterKind, 'east', namespace)
    })
    assert.equal(reply.status, 'UnknownCluster')
  })

  it('is not given where the API server gives no answer', async () => {
    for (const failing of liveReads) {
      const world = heartbeatWorld()
      world.api.before = (request) => {
        if (request === failing) throw failure(500, 'InternalError')
      }
      await assert.rejects(world.beat(beater()), { name: 'KubeApiError' }, failing)
    }
  })

  it('is not given while the Cluster is being deleted: it is asked again', async () => {
    const world = heartbeatWorld()
    const east = beater()
    world.api.put(clusterKind, world.clusterOf(east, { deletionTimestamp: at(noon) }))
    await assert.rejects(world.beat(east), { name: 'ProtocolError', code: 'Busy' })
  })
})

describe('two Clusters of one cluster', () => {
  const younger = { creationTimestamp: at(noon + 1_000) }

  it('have one member, the older one: the younger is never confirmed', async () => {
    const key = generateSigningKey()
    const [east, west] = [beater({ key }), beater({ name: 'west', key })]
    const world = heartbeatWorld()
    world.api.put(clusterKind, world.clusterOf(east))
    world.api.put(clusterKind, world.clusterOf(west, younger))
    assert.deepEqual(await world.beat(west), { status: 'UnknownCluster', http: 404 })
    assert.equal((await world.beat(east)).status, 'ok')
    assert.equal(world.api.stored(clusterKind, 'west', namespace)?.metadata.resourceVersion, '102')
  })

  it('of one second have the one whose name comes first', async () => {
    const key = generateSigningKey()
    const [east, west] = [beater({ key }), beater({ name: 'west', key })]
    const world = heartbeatWorld()
    world.api.put(clusterKind, world.clusterOf(west))
    world.api.put(clusterKind, world.clusterOf(east))
    assert.deepEqual([(await world.beat(west)).status, (await world.beat(east)).status], ['UnknownCluster', 'ok'])
  })

  it('are one where the older has gone and the cache does not know it yet', async () => {
    const key = generateSigningKey()
    const world = heartbeatWorld()
    world.api.put(clusterKind, world.clusterOf(beater({ key })))
    world.api.put(clusterKind, world.clusterOf(beater({ name: 'west', key }), younger))
    world.api.removeUnseen(clusterKind, 'east', namespace)
    assert.equal((await world.beat(beater({ name: 'west', key }))).status, 'ok')
  })
})
