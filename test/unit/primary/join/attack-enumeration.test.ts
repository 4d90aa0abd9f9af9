/** Whoever asks for tokens that he does not hold learns nothing by what it costs the primary, and costs it little. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { secretKind } from '../../../../src/kube/objects.ts'
import type { JoinToken } from '../../../../src/protocol/token.ts'
import { costOf } from '../cost.fixture.ts'
import { namespace } from '../objects.fixture.ts'
import { applicant, issue, joinWorld } from './join-world.fixture.ts'

type World = ReturnType<typeof joinWorld>

/** A token id that somebody asks for, of whose token he has at most the public half. */
const kinds: Readonly<Record<string, (world: World) => JoinToken>> = {
  known: (world) => world.storeToken().token,
  unknown: () => issue().token,
  revoked: (world) => {
    const { token, secret } = world.storeToken()
    world.api.removeUnseen(secretKind, secret.metadata.name, namespace)
    world.api.sync()
    return token
  },
}

/** A primary that has been asked before: what is derived once for each of its keys is no cost of a request. */
async function warmWorld(): Promise<World> {
  const world = joinWorld()
  assert.equal((await world.join(applicant(), issue().token)).kind, 'refused')
  assert.equal((await world.join(applicant({ name: 'before' }), world.storeToken().token)).kind, 'joined')
  world.api.sync()
  return world
}

/** The costs of the question and of a join whose proof is made with the secret of another token. */
async function costsOf(t: TestContext, kind: (world: World) => JoinToken) {
  const world = await warmWorld()
  const token = kind(world)
  const asks = applicant({ uid: '00000000-0000-4000-8000-000000000000' })
  const question = { v: 1, tid: token.id, jkt: asks.key.thumbprint, cn: 'A'.repeat(22) }
  const challenge = await costOf(t, world, async () => world.service.challenge(question))
  const { request } = await world.requestOf(asks, token, await world.challengeFor(asks, token), issue().token)
  const join = await costOf(t, world, async () => world.service.join({ request }))
  return { challenge, join }
}

describe('a token id that is asked for without its secret', () => {
  it('costs as many hashes, verifications, signatures, reads and bytes, be it known, unknown or revoked', async (t) => {
    const known = await costsOf(t, kinds['known'] ?? assert.fail())
    for (const [what, kind] of Object.entries(kinds)) assert.deepEqual(await costsOf(t, kind), known, what)
    // Where nothing was counted, everything would be equal.
    const { challenge, join } = known
    assert.deepEqual([challenge.signatures, challenge.macs > 0, challenge.reads], [1, true, []])
    assert.deepEqual([join.hashes > 0, join.macs > 0, join.reads], [true, true, ['list secrets']])
  })

  it('costs a failed proof at most two verifications and one signature', async (t) => {
    for (const [what, kind] of Object.entries(kinds)) {
      const { join } = await costsOf(t, kind)
      assert.ok(join.verifications >= 1 && join.verifications <= 2, `${what}: ${join.verifications}`)
      assert.equal(join.signatures, 1, what)
    }
  })

  it('is counted by calls that are seen: a good join costs more', async (t) => {
    const world = await warmWorld()
    const { token } = world.storeToken()
    const asks = applicant()
    const { request } = await world.requestOf(asks, token, await world.challengeFor(asks, token))
    const { verifications, signatures, derivations } = await costOf(t, world, async () =>
      world.service.join({ request }),
    )
    assert.deepEqual([verifications, signatures, derivations], [2, 2, 0])
  })
})

describe('a request whose nonce is not good', () => {
  it('costs no verification, no signature and no request to the API server', async (t) => {
    const world = await warmWorld()
    const { token } = world.storeToken()
    const asks = applicant()
    const challenge = await world.challengeFor(asks, token)
    const bad = { ...challenge, sn: 'A'.repeat(challenge.sn.length) }
    const { request } = await world.requestOf(asks, token, bad)
    const cost = await costOf(t, world, async () => {
      await assert.rejects(world.service.join({ request }), { name: 'ProtocolError', code: 'NonceInvalid' })
      return { body: '' }
    })
    assert.equal(cost.macs, 1)
    const { verifications, signatures, derivations, reads } = cost
    assert.deepEqual(
      { verifications, signatures, derivations, reads },
      { verifications: 0, signatures: 0, derivations: 0, reads: [] },
    )
  })
})

describe('failed proofs, all together', () => {
  it('cost at most two LISTs a second, however many there are', async () => {
    const world = await warmWorld()
    const startedAt = world.clock.now()
    const from = world.api.requests.length
    for (let second = 0; second < 5; second += 1) {
      const asked = Array.from({ length: 40 }, async (_, index) =>
        world.join(applicant(), index % 2 === 0 ? issue().token : world.storeToken().token, issue().token),
      )
      const outcomes = await Promise.all(asked)
      assert.ok(outcomes.every((outcome) => outcome.kind === 'refused' && outcome.refusal.code === 'TokenInvalid'))
    }
    const seconds = (world.clock.now() - startedAt) / 1000
    const lists = world.api.requests.slice(from).filter((request) => request === 'list secrets').length
    assert.ok(lists >= 1 && lists <= 2 * seconds + 1, `${lists} LISTs in ${seconds} s`)
  })
})
