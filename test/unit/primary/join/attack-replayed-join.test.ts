/** A join that was captured on the wire and is sent again: to the same primary, by somebody who has not its keys. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Bootstrap, bootstrapKind } from '../../../../src/api/bootstrap.ts'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { annotations } from '../../../../src/api/group.ts'
import { configMapKind, type Secret, secretKind } from '../../../../src/kube/objects.ts'
import { joinAnswerSchema } from '../../../../src/protocol/join-request.ts'
import { openResult } from '../../../../src/protocol/join-result.ts'
import { generateExchangeKey } from '../../../../src/protocol/seal.ts'
import { namespace } from '../objects.fixture.ts'
import { applicant, issuer, joinWorld } from './join-world.fixture.ts'

type World = ReturnType<typeof joinWorld>

/** Everything that is stored, with the versions that any write would change. */
function stateOf({ api }: World): unknown {
  return [
    api.all<Cluster>(clusterKind),
    api.all<Bootstrap>(bootstrapKind),
    api.all<Secret>(secretKind),
    api.all(configMapKind),
  ]
}

/** A cluster that has joined, and what somebody has seen of it on the wire. */
async function captured(world: World) {
  const { token } = world.storeToken({ [annotations.maxUses]: '2' })
  const asks = applicant()
  const challenge = await world.challengeFor(asks, token)
  const { request, exchangeKey } = await world.requestOf(asks, token, challenge)
  const first = await world.service.join({ request })
  assert.equal(first.status, 200)
  world.api.sync()
  const echoes = { jkt: asks.key.thumbprint, sub: asks.uid, cn: challenge.cn, sn: challenge.sn }
  const open = async (body: unknown, key = exchangeKey) =>
    openResult(joinAnswerSchema.parse(body).result, {
      echoes,
      request,
      primaryUid: issuer.uid,
      primaryKey: issuer.key,
      exchangeKey: key,
    })
  return { asks, request, open }
}

describe('a captured join that is sent again', () => {
  it('changes nothing that is stored, counts no use, and names nobody anew in an Event', async () => {
    const world = joinWorld()
    const { request } = await captured(world)
    const before = stateOf(world)
    const told = [...world.admitted]
    assert.equal((await world.service.join({ request })).status, 200)
    assert.deepEqual(stateOf(world), before)
    assert.deepEqual(world.admitted, told)
  })

  it('gets an answer that only the cluster itself can open', async () => {
    const world = joinWorld()
    const { request, open } = await captured(world)
    const { body } = await world.service.join({ request })
    await assert.rejects(open(body, generateExchangeKey()), { name: 'ProtocolError', code: 'NotOurServer' })
    assert.equal((await open(body)).kind, 'joined')
  })

  it('is told Disconnected after the cluster was disconnected, and makes nothing', async () => {
    const world = joinWorld()
    const { asks, request, open } = await captured(world)
    await world.advance(1_000)
    await world.tombstones.prepare()
    const member = { uid: asks.uid, keyId: asks.key.thumbprint }
    await world.tombstones.store({ ...member, name: 'east', isAcknowledged: false, at: world.clock.now() })
    world.api.removeUnseen(clusterKind, 'east', namespace)
    world.api.removeUnseen(bootstrapKind, 'east', namespace)
    world.api.sync()
    const before = stateOf(world)
    const { status, body } = await world.service.join({ request })
    assert.equal(status, 403)
    const outcome = await open(body)
    assert.equal(outcome.kind === 'refused' && outcome.refusal.code, 'Disconnected')
    assert.deepEqual(stateOf(world), before)
  })

  it('is told nothing that is signed once its minute is over', async () => {
    const world = joinWorld()
    const { request } = await captured(world)
    const before = stateOf(world)
    await world.advance(60_001)
    await assert.rejects(world.service.join({ request }), { name: 'ProtocolError', code: 'NonceInvalid' })
    assert.deepEqual(stateOf(world), before)
  })
})
