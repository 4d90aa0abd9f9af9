/** Every refusal that the join service can make is signed or unsigned as the error table says. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { annotations } from '../../../../src/api/group.ts'
import { isCodeFrom } from '../../../../src/protocol/answer.ts'
import { protocolErrors } from '../../../../src/protocol/error-table.ts'
import { type ErrorCode, meaningOf, ProtocolError } from '../../../../src/protocol/errors.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import type { JoinToken } from '../../../../src/protocol/token.ts'
import { failure } from '../memory-api.fixture.ts'
import { at, namespace, noon } from '../objects.fixture.ts'
import { type Applicant, applicant, issue, issuer, joinWorld } from './join-world.fixture.ts'

type World = ReturnType<typeof joinWorld>
interface Join {
  readonly asks: Applicant
  readonly token: JoinToken
  /** The object that the refusal rests on, and that is read before it is signed. */
  readonly restsOn?: string
}

const past = at(noon - 1_000)

const signed: readonly (readonly [ErrorCode, string, (world: World) => Promise<Join> | Join])[] = [
  ['TokenInvalid', 'an unknown token', () => ({ asks: applicant(), token: issue().token, restsOn: 'list secrets' })],
  [
    'TokenExpired',
    'a token past its date',
    (world) => ({
      asks: applicant(),
      token: world.storeToken({ [annotations.expiresAt]: past }).token,
      restsOn: 'get secrets',
    }),
  ],
  [
    'TokenScope',
    'a token for another name',
    (world) => ({
      asks: applicant(),
      token: world.storeToken({ [annotations.clusterName]: 'west' }).token,
      restsOn: 'get secrets',
    }),
  ],
  [
    'TokenScope',
    'a token for another uid',
    (world) => ({
      asks: applicant(),
      token: world.storeToken({ [annotations.boundUid]: crypto.randomUUID() }).token,
      restsOn: 'get secrets',
    }),
  ],
  [
    'TokenExhausted',
    'a token that others have used up',
    async (world) => {
      const { token } = world.storeToken({ [annotations.maxUses]: '1' })
      assert.equal((await world.join(applicant({ name: 'first' }), token)).kind, 'joined')
      world.api.sync()
      return { asks: applicant(), token, restsOn: 'get secrets' }
    },
  ],
  [
    'NameTaken',
    'a name that another cluster has',
    (world) => {
      world.storeMember(applicant())
      return { asks: applicant(), token: world.storeToken().token, restsOn: 'get clusters east' }
    },
  ],
  [
    'KeyMismatch',
    'a cluster that is known with another key',
    (world) => {
      const known = applicant()
      world.storeMember(known)
      const asks = { ...known, key: generateSigningKey() }
      return { asks, token: world.storeToken().token, restsOn: 'get clusters east' }
    },
  ],
  [
    'CloneSuspected',
    'a key that another cluster has',
    (world) => {
      const known = applicant({ name: 'west' })
      world.storeMember(known)
      const asks = applicant({ key: known.key })
      return { asks, token: world.storeToken().token, restsOn: 'get clusters west' }
    },
  ],
  [
    'Denied',
    'a cluster that an administrator has denied',
    (world) => {
      const known = applicant()
      const { spec, ...found } = world.storeMember(known)
      world.api.put<Cluster>(clusterKind, { ...found, spec: { ...spec, approved: false } })
      return { asks: known, token: world.storeToken().token, restsOn: 'get clusters east' }
    },
  ],
  [
    'SelfJoin',
    'the primary itself',
    (world) => ({ asks: applicant({ uid: issuer.uid }), token: world.storeToken().token }),
  ],
]

describe('a refusal for good', () => {
  for (const [code, what, prepare] of signed)
    it(`of ${what} is signed: ${code}`, async () => {
      const world = joinWorld()
      const { asks, token, restsOn } = await prepare(world)
      world.api.requests.length = 0
      const outcome = await world.join(asks, token)
      assert.ok(outcome.kind === 'refused', outcome.kind)
      assert.equal(outcome.refusal.code, code)
      assert.ok(outcome.refusal.msg.startsWith(`${code}: `), outcome.refusal.msg)
      assert.equal(isCodeFrom('signed', code), true)
      assert.equal(meaningOf(code).final, true)
      const reads = world.api.requests.filter((request) => request.startsWith(restsOn ?? ''))
      assert.notDeepEqual(reads, [], 'read live')
      const writes = world.api.requests.filter((request) => !/^(get|list) /.test(request))
      assert.deepEqual(writes, [])
    })

  it('of a request that is older than its disconnection is signed: Disconnected', async () => {
    const world = joinWorld()
    const { token } = world.storeToken()
    const asks = applicant()
    const challenge = await world.challengeFor(asks, token)
    await world.advance(1_000)
    await world.tombstones.prepare()
    const disconnected = { uid: asks.uid, keyId: asks.key.thumbprint, name: 'east', isAcknowledged: false }
    await world.tombstones.store({ ...disconnected, at: world.clock.now() })
    world.api.sync()
    const { request } = await world.requestOf(asks, token, challenge)
    const { status, body } = await world.service.join({ request })
    assert.equal(status, 403)
    const claims = JSON.parse(
      Buffer.from((body as { result: string }).result.split('.')[1] ?? '', 'base64url').toString(),
    )
    assert.deepEqual([claims.status, claims.code], ['Rejected', 'Disconnected'])
    await world.advance(1)
    // Asked anew, it is a cluster that joins again, and its tombstone goes.
    assert.equal((await world.join(asks, token)).kind, 'joined')
    assert.equal(await world.tombstones.findLive({ uid: asks.uid, keyId: asks.key.thumbprint }), undefined)
  })

  it('is tested here for every code that the table lets be signed', () => {
    // It answers members only.
    const elsewhere: ErrorCode = 'UnknownCluster'
    const table = (Object.keys(protocolErrors) as ErrorCode[]).filter((code) => isCodeFrom('signed', code))
    assert.deepEqual(new Set([...signed.map(([code]) => code), 'Disconnected', elsewhere]), new Set(table))
  })

  it('does not come from a cache that is behind', async () => {
    const world = joinWorld()
    const { token } = world.storeToken()
    for (const known of [applicant(), applicant({ name: 'west' })]) {
      world.storeMember(known)
      world.api.removeUnseen(clusterKind, known.name ?? '', namespace)
    }
    assert.equal((await world.join(applicant(), token)).kind, 'joined')
  })
})

describe('what is for now only', () => {
  /** The code of the error that the service throws, which is answered without a signature. */
  async function unsignedCode(world: World, body: unknown, step: 'challenge' | 'join' = 'join'): Promise<ErrorCode> {
    try {
      await world.service[step](body)
    } catch (error) {
      assert.ok(error instanceof ProtocolError, String(error))
      assert.equal(isCodeFrom('unsigned', error.code), true, error.code)
      assert.equal(meaningOf(error.code).final, false, error.code)
      return error.code
    }
    return assert.fail('it was answered')
  }
  async function request(world: World, asks = applicant(), token = world.storeToken().token) {
    return (await world.requestOf(asks, token, await world.challengeFor(asks, token))).request
  }

  it('is a body of another form', async () => {
    const world = joinWorld()
    for (const body of [undefined, null, 1, 'x', [], {}, { request: 1 }, { request: 'x'.repeat(20_000) }])
      assert.equal(await unsignedCode(world, body), 'Malformed')
    for (const body of [undefined, {}, { v: 1 }, { v: 1, tid: 'short', jkt: '', cn: '' }])
      assert.equal(await unsignedCode(world, body, 'challenge'), 'Malformed')
    assert.deepEqual(world.api.requests, [])
  })

  it('is another version of the protocol, and another key of the primary', async () => {
    const world = joinWorld()
    assert.equal(await unsignedCode(world, { v: 2 }, 'challenge'), 'VersionTooOld')
    const kid = generateSigningKey().thumbprint
    assert.equal(await unsignedCode(world, { request: await request(world), kid }), 'PrimaryKeyMismatch')
  })

  it('is a nonce that is too old, of somebody else, or made up, before anything is read', async () => {
    const world = joinWorld()
    const { token } = world.storeToken()
    const asks = applicant()
    const challenge = await world.challengeFor(asks, token)
    const own = (await world.requestOf(asks, token, challenge)).request
    const others = (await world.requestOf(applicant(), token, challenge)).request
    const madeUp = (await world.requestOf(asks, token, { ...challenge, sn: 'A'.repeat(challenge.sn.length) })).request
    const renonced = (await world.requestOf(asks, token, { ...challenge, cn: 'B'.repeat(22) })).request
    for (const body of [others, madeUp, renonced])
      assert.equal(await unsignedCode(world, { request: body }), 'NonceInvalid')
    await world.advance(61_000)
    assert.equal(await unsignedCode(world, { request: own }), 'NonceInvalid')
    assert.deepEqual(world.api.requests, [])
  })

  it('is a request for another primary', async () => {
    const world = joinWorld()
    const { token } = world.storeToken()
    const asks = applicant()
    const challenge = await world.challengeFor(asks, token)
    const { request: foreign } = await world.requestOf(asks, token, challenge, { ...token, primaryUid: 'uid-other' })
    await unsignedCode(world, { request: foreign })
    assert.deepEqual(world.api.all(clusterKind), [])
  })

  it('is a Cluster that is being deleted, for whoever asks after that', async () => {
    const world = joinWorld()
    const { token } = world.storeToken()
    const known = applicant()
    world.storeMember(known, { deletionTimestamp: at(noon - 1_000) })
    assert.equal(await unsignedCode(world, { request: await request(world, known, token) }), 'Busy')
    assert.equal(await unsignedCode(world, { request: await request(world, applicant(), token) }), 'Busy')
  })

  it('is one that asks too often', async () => {
    const world = joinWorld()
    const body = { request: await request(world) }
    for (let time = 0; time < 5; time += 1) {
      assert.equal((await world.service.join(body)).status, 200)
      world.api.sync()
    }
    assert.equal(await unsignedCode(world, body), 'Busy')
  })

  it('is an API server that fails at any step: nothing is signed then', async () => {
    const steps = ['get secrets', 'create clusters', 'create bootstraps']
    for (const step of steps) {
      const world = joinWorld()
      const body = { request: await request(world) }
      world.api.before = (asked) => {
        if (asked.startsWith(step)) throw failure(500, 'InternalError')
      }
      await assert.rejects(world.service.join(body), { name: 'KubeApiError', status: 500 }, step)
      // Repeated, it succeeds, and there is one Cluster.
      world.api.before = () => undefined
      assert.equal((await world.service.join(body)).status, 200, step)
      assert.equal(world.api.all<Cluster>(clusterKind).length, 1, step)
    }
  })
})
