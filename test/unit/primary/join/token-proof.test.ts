/** Whether a token is unknown, revoked or only wrongly proved cannot be told from outside: neither by work nor by size. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { secretKind } from '../../../../src/kube/objects.ts'
import type { JoinToken } from '../../../../src/protocol/token.ts'
import { namespace } from '../objects.fixture.ts'
import { applicant, issue, joinWorld } from './join-world.fixture.ts'

type World = ReturnType<typeof joinWorld>

/** A token that is asked with, and what its proof is signed with. */
const kinds: Readonly<Record<string, (world: World) => { token: JoinToken; signedWith: JoinToken }>> = {
  'never issued': () => {
    const { token } = issue()
    return { token, signedWith: token }
  },
  revoked: (world) => {
    const { token, secret } = world.storeToken()
    world.api.removeUnseen(secretKind, secret.metadata.name, namespace)
    world.api.sync()
    return { token, signedWith: token }
  },
  'known, with a proof by another token': (world) => ({
    token: world.storeToken().token,
    signedWith: issue().token,
  }),
  'known, and not in the cache yet, with a proof by another token': (world) => {
    const { token, secret } = world.storeToken()
    world.api.removeUnseen(secretKind, secret.metadata.name, namespace)
    world.api.sync()
    world.api.putUnseen(secretKind, secret)
    return { token, signedWith: issue().token }
  },
}

/** What one refused join costs and how much it answers. */
async function refusalOf(t: TestContext, kind: (world: World) => { token: JoinToken; signedWith: JoinToken }) {
  const world = joinWorld()
  const { token, signedWith } = kind(world)
  const asks = applicant({ uid: '00000000-0000-4000-8000-000000000000' })
  const challenge = await world.challengeFor(asks, token)
  const { request } = await world.requestOf(asks, token, challenge, signedWith)
  world.api.requests.length = 0
  const verify = t.mock.method(crypto.subtle, 'verify')
  const answer = await world.service.join({ request })
  const verifications = verify.mock.callCount()
  verify.mock.restore()
  const { result } = answer.body as { result: string }
  return {
    status: answer.status,
    isProven: answer.isProven,
    size: result.length,
    verifications,
    asked: [...world.api.requests],
  }
}

describe('a join without a valid token', () => {
  for (const [what, kind] of Object.entries(kinds))
    it(`is refused where the token is ${what}, signed and as TokenInvalid`, async () => {
      const world = joinWorld()
      const { token, signedWith } = kind(world)
      const outcome = await world.join(applicant(), token, signedWith)
      assert.deepEqual(outcome.kind === 'refused' && outcome.refusal.code, 'TokenInvalid')
      assert.match(outcome.kind === 'refused' ? outcome.refusal.msg : '', /^TokenInvalid: Invalid join token; /)
    })

  it('costs one LIST and gets an answer of one size, whatever is wrong', async (t) => {
    for (const [what, kind] of Object.entries(kinds)) {
      const { status, size, asked, isProven } = await refusalOf(t, kind)
      const first = await refusalOf(t, kinds['never issued'] ?? kind)
      assert.deepEqual({ status, size, isProven }, { status: 403, size: first.size, isProven: undefined }, what)
      assert.deepEqual(asked, ['list secrets'], what)
    }
  })

  it('costs one verification where the cache is up to date', async (t) => {
    for (const what of ['never issued', 'revoked', 'known, with a proof by another token']) {
      const kind = kinds[what]
      assert.ok(kind !== undefined)
      assert.equal((await refusalOf(t, kind)).verifications, 1, what)
    }
  })
})

describe('a join with a valid token', () => {
  it('costs no LIST where the cache has the token, only a look at its Secret', async () => {
    const world = joinWorld()
    const { token, secret } = world.storeToken()
    const outcome = await world.join(applicant(), token)
    assert.equal(outcome.kind, 'joined')
    assert.deepEqual(
      world.api.requests.filter((request) => request.includes('secrets')),
      [`get secrets ${secret.metadata.name}`],
    )
  })

  it('is admitted where the cache does not have the token yet', async () => {
    const world = joinWorld()
    const { token, secret } = world.storeToken()
    world.api.removeUnseen(secretKind, secret.metadata.name, namespace)
    world.api.sync()
    world.api.putUnseen(secretKind, secret)
    assert.equal((await world.join(applicant(), token)).kind, 'joined')
  })

  it('is refused where the token was revoked and the cache does not know it yet', async () => {
    const world = joinWorld()
    const { token, secret } = world.storeToken()
    world.api.removeUnseen(secretKind, secret.metadata.name, namespace)
    const outcome = await world.join(applicant(), token)
    assert.equal(outcome.kind === 'refused' && outcome.refusal.code, 'TokenInvalid')
  })

  it('is not refused where the API server gives no answer: that is for later', async () => {
    for (const failing of ['get secrets', 'list secrets']) {
      const world = joinWorld()
      const { token } = failing === 'get secrets' ? world.storeToken() : issue()
      world.api.before = (request) => {
        if (request.startsWith(failing)) throw new Error('no answer')
      }
      await assert.rejects(world.join(applicant(), token), /no answer/, failing)
    }
  })
})
