/** What was removed does not come back by itself, and nobody comes back as another. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { createIssuer } from '../../../../src/protocol/issuer.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { signMembershipToken } from '../../../../src/protocol/membership-token.ts'
import { signPossession } from '../../../../src/protocol/possession-proof.ts'
import { heartbeatPath } from '../../../../src/protocol/wire.ts'
import { cluster, namespace } from '../objects.fixture.ts'
import { applicant, issuer, joinWorld } from './join-world.fixture.ts'

const dayMs = 24 * 3_600_000

describe('a cluster that was disconnected', () => {
  for (const [title, ago, isAcknowledged] of [
    ['a moment ago', 0, false],
    ['weeks ago', 60 * dayMs, false],
    ['and knows it', 60_000, true],
  ] as const)
    it(`${title} is told so, however fresh its question is`, async () => {
      const world = joinWorld()
      await world.tombstones.prepare()
      const asks = applicant()
      const gone = { uid: asks.uid, keyId: asks.key.thumbprint, name: 'east', isAcknowledged }
      await world.tombstones.store({ ...gone, at: world.clock.now() })
      await world.advance(ago)
      assert.equal(await world.comeBack(asks), 'Disconnected')
      assert.deepEqual(world.api.all<Cluster>(clusterKind), [])
      assert.ok(await world.tombstones.findLive(gone), 'it is told again to whoever asks again')
    })

  it('is told so by a replica that has not heard of it yet', async () => {
    const world = joinWorld()
    await world.tombstones.prepare()
    const asks = applicant()
    const { metadata } = world.storeMember(asks)
    const gone = { uid: asks.uid, keyId: asks.key.thumbprint, name: 'east', isAcknowledged: false }
    const { body } = await world.returnOf(asks)
    await world.tombstones.store({ ...gone, at: world.clock.now() })
    world.api.removeUnseen(clusterKind, 'east', metadata.namespace)
    assert.equal((await world.service.join(body)).status, 403)
    assert.equal(world.api.stored(clusterKind, 'east', namespace), undefined)
  })

  it('waits while its Cluster is being deleted', async () => {
    const world = joinWorld()
    const asks = applicant()
    world.storeMember(asks, { deletionTimestamp: new Date(world.clock.now() - 1_000).toISOString() })
    await assert.rejects(world.comeBack(asks), { code: 'Busy' })
  })
})

describe('a cluster that was removed, and whose disconnection is remembered no more', () => {
  it('does not take the approval that was given ahead to whoever is to join under its name', async () => {
    const world = joinWorld()
    const removed = applicant()
    world.api.put<Cluster>(clusterKind, cluster('east', { spec: { approved: true } }))
    for (let time = 0; time < 2; time += 1) {
      assert.equal(await world.comeBack(removed), 'PendingApproval')
      await world.advance(10_000)
    }
    const { spec } = world.api.stored<Cluster>(clusterKind, 'east', namespace) ?? {}
    assert.deepEqual([spec?.approval, spec?.approved, spec?.member?.uid], ['manual', undefined, removed.uid])
    assert.deepEqual(world.returning, ['east'], 'an administrator is told')
  })

  it('stays out where its name was denied ahead', async () => {
    const world = joinWorld()
    world.api.put<Cluster>(clusterKind, cluster('east', { spec: { approved: false } }))
    assert.equal(await world.comeBack(applicant()), 'Denied')
  })
})

describe('a stranger', () => {
  it('gets nothing signed, causes no request and leaves nothing behind', async () => {
    const world = joinWorld()
    const asks = applicant()
    const { key, uid } = asks
    const member = { clusterName: 'east', uid, thumbprint: key.thumbprint }
    const thiefKey = generateSigningKey()
    const thief = createIssuer(issuer.uid, thiefKey)
    const now = world.clock.now()
    const shown: readonly [title: string, token: string, code: string][] = [
      ['signed by himself', await signMembershipToken(thief, member, now), 'ProofInvalid'],
      [
        'of a member with another uid',
        await signMembershipToken(issuer, { ...member, uid: 'other' }, now),
        'ProofInvalid',
      ],
      [
        'stolen, for another key',
        await signMembershipToken(issuer, { ...member, thumbprint: thiefKey.thumbprint }, now),
        'ProofInvalid',
      ],
      ['of another name', await signMembershipToken(issuer, { ...member, clusterName: 'west' }, now), 'Malformed'],
      ['that is no token', 'mcj1.a.b.c', 'Malformed'],
    ]
    for (const [title, token, code] of shown) {
      const { body } = await world.returnOf(asks, token)
      await assert.rejects(world.service.join(body), { name: 'ProtocolError', code }, title)
    }
    assert.deepEqual(world.api.requests, [])
  })

  it('who has a token and a heartbeat of a member, and not its key, makes no return of them', async () => {
    const world = joinWorld()
    const asks = applicant()
    const { body } = await world.returnOf(asks)
    const path = heartbeatPath('east')
    const proof = await signPossession(asks.key, { path, token: body.token, body: '{}' }, { nonce: 'n', boot: 'b' })
    await assert.rejects(world.service.join({ ...body, request: proof }), { code: 'Malformed' })
    const [head = '', payload = ''] = body.request.split('.')
    const forged = `${head}.${payload}.${Buffer.alloc(64).toString('base64url')}`
    await assert.rejects(world.service.join({ ...body, request: forged }), { code: 'ProofInvalid' })
    assert.deepEqual(world.api.requests, [])
  })

  it('cannot use the challenge of a join for a return, nor send one a minute later', async () => {
    const world = joinWorld()
    const asks = applicant()
    const { token } = world.storeToken()
    const challenge = await world.challengeFor(asks, token)
    const { request } = await world.requestOf(asks, token, challenge)
    const { body } = await world.returnOf(asks)
    await assert.rejects(world.service.join({ request, token: body.token }), { code: 'Malformed' })
    await assert.rejects(world.service.join({ request: body.request }), { code: 'Malformed' })
    await world.advance(61_000)
    await assert.rejects(world.service.join(body), { code: 'NonceInvalid' })
    assert.deepEqual(world.api.requests, [])
  })

  it('who sends a captured return again changes nothing and can read nothing', async () => {
    const world = joinWorld()
    const asks = applicant()
    world.storeMember(asks)
    const { body } = await world.returnOf(asks)
    world.api.requests.length = 0
    for (let again = 0; again < 3; again += 1) {
      const answer = await world.service.join(body)
      assert.ok('result' in answer.body && !answer.body.result.includes('.'), 'sealed to the key of the first asker')
    }
    assert.deepEqual(
      world.api.requests.filter((request) => /clusters/.test(request) && !request.startsWith('get ')),
      [],
    )
  })
})
