/** Steps 1 and 2: the secondary believes a challenge only from the primary of its token, for the very question it asked. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  askForChallenge,
  type ChallengeRequest,
  challengeRequestSchema,
  openChallenge,
  signChallenge,
} from '../../../src/protocol/challenge.ts'
import { joinContext, verifyNonce } from '../../../src/protocol/nonce.ts'
import { issuerOf, joinerOf, now, runExchange } from './exchange.fixture.ts'
import { claimsOf, forge } from './forge.fixture.ts'
import { keyOf } from './randomness.fixture.ts'
import { refusedWith } from './refused.fixture.ts'

const exchange = await runExchange()
const { issuer, token, ask } = exchange
const header = { alg: 'Ed25519', typ: 'mcj-challenge+jwt' }
const claims = claimsOf(exchange.challenge)
const aDecade = 10 * 365 * 86_400_000

const open = async (challenge: string, request: ChallengeRequest = ask) =>
  openChallenge(challenge, { request, primaryUid: token.primaryUid, primaryKey: token.primaryKey })
/** A challenge with these claims, signed by the primary itself. */
const signedWith = (changed: object) => forge(issuer.key, header, { ...claims, ...changed })

describe('the question', () => {
  it('names the token, the key that will sign and the primary key that is trusted, and a fresh nonce', () => {
    const asker = { tokenId: token.id, primaryKey: token.primaryKey, thumbprint: joinerOf('x').key.thumbprint }
    const [one, two] = [askForChallenge(asker), askForChallenge(asker)]
    assert.deepEqual(
      { ...one, cn: '' },
      { v: 1, tid: token.id, jkt: asker.thumbprint, kid: issuer.key.thumbprint, cn: '' },
    )
    assert.equal(Buffer.from(one.cn, 'base64url').length, 16)
    assert.notEqual(one.cn, two.cn)
    assert.deepEqual(challengeRequestSchema.parse(one), one)
  })

  const wrong: Record<string, object> = {
    'another version': { v: 2 },
    'a version as text': { v: '1' },
    'no token id': { tid: undefined },
    'a token id that is too long': { tid: 'A'.repeat(17) },
    'a thumbprint that is too short': { jkt: 'A'.repeat(42) },
    'a nonce of other characters': { cn: '!'.repeat(22) },
    'a nonce with a line break after it': { cn: `${'A'.repeat(22)}\n` },
    'a kid that is too long': { kid: 'A'.repeat(10_000) },
    'a list for a thumbprint': { jkt: [ask.jkt] },
  }
  for (const [what, changed] of Object.entries(wrong))
    it(`is refused with ${what}`, () => {
      assert.equal(challengeRequestSchema.safeParse({ ...ask, ...changed }).success, false)
    })
})

describe('the challenge', () => {
  it('is good for a minute, and its nonce is bound to the question', () => {
    assert.equal(exchange.opened.exp - exchange.opened.iat, 60)
    const limits = { now, lifetime: 60_000 }
    assert.equal(verifyNonce([issuer.nonceKey], joinContext(issuer.uid, ask), exchange.opened.sn, limits), now)
  })

  it('looks the same for a token that does not exist', async () => {
    const unknown = { ...ask, tid: 'AAAAAAAAAAAAAAAA' }
    const other = claimsOf(await signChallenge(issuer, unknown, { spki: [], now }))
    assert.deepEqual(Object.keys(other), Object.keys(claims))
    assert.deepEqual({ ...other, tid: '', sn: '' }, { ...claims, tid: '', sn: '' })
    assert.equal(String(other['sn']).length, String(claims['sn']).length)
  })

  it('vouches for the TLS keys that it was told', async () => {
    const spki = [keyOf('leaf').thumbprint, keyOf('next leaf').thumbprint]
    assert.deepEqual((await open(await signChallenge(issuer, ask, { spki, now }))).spki, spki)
  })

  it('is believed by a secondary whose clock is ten years off, either way', async () => {
    for (const off of [-aDecade, aDecade]) {
      const challenge = await signChallenge(issuer, ask, { spki: [], now: now + off })
      assert.equal((await open(challenge)).tid, ask.tid)
    }
  })

  it('cannot be made by someone who holds the token', async () => {
    const forged = forge(token.key, header, claims)
    await assert.rejects(open(forged), refusedWith('PrimaryKeyMismatch'))
    const withNamedKey = forge(token.key, { ...header, kid: issuer.key.thumbprint }, claims)
    await assert.rejects(open(withNamedKey), refusedWith('PrimaryKeyMismatch'))
  })

  it('of another primary is not believed', async () => {
    const another = issuerOf('b')
    await assert.rejects(open(await signChallenge(another, ask, { spki: [], now })), refusedWith('PrimaryKeyMismatch'))
    // Not even under the uid of the real one.
    await assert.rejects(
      open(await signChallenge({ ...another, uid: issuer.uid }, ask, { spki: [], now })),
      refusedWith('PrimaryKeyMismatch'),
    )
  })

  it('of a primary with the same key and another uid is not believed: a restored copy is another primary', async () => {
    const copy = { ...issuer, uid: 'uid-of-the-copy' }
    await assert.rejects(open(await signChallenge(copy, ask, { spki: [], now })), refusedWith('NotOurServer'))
  })

  it('that answers another question is not believed', async () => {
    const others: Record<string, ChallengeRequest> = {
      nonce: { ...ask, cn: 'AAAAAAAAAAAAAAAAAAAAAA' },
      key: { ...ask, jkt: keyOf('somebody else').thumbprint },
      token: { ...ask, tid: 'AAAAAAAAAAAAAAAA' },
    }
    for (const [what, request] of Object.entries(others))
      await assert.rejects(open(exchange.challenge, request), refusedWith('NotOurServer'), what)
  })

  it('recorded yesterday is not believed today', async () => {
    const today = await runExchange('today', { issuer, joiner: exchange.joiner })
    await assert.rejects(open(exchange.challenge, today.ask), refusedWith('NotOurServer'))
  })

  it('that asks for a newer protocol says which', async () => {
    await assert.rejects(
      open(signedWith({ minV: 2 })),
      refusedWith('VersionTooOld', 'the primary asks for protocol version 2 or newer'),
    )
  })

  it('cannot be downgraded by leaving out what limits it', async () => {
    for (const name of Object.keys(claims))
      await assert.rejects(open(signedWith({ [name]: undefined })), refusedWith('NotOurServer'), name)
  })

  const wrong: Record<string, object> = {
    'another audience': { aud: 'mc' },
    'no version at all': { minV: 0 },
    'a version as text': { minV: '1' },
    'a nonce of another length': { sn: 'A'.repeat(53) },
    'TLS keys that are no hashes': { spki: ['*'] },
    'seventeen TLS keys': { spki: Array.from({ length: 17 }, () => ask.jkt) },
    'capabilities with spaces': { caps: ['a b'] },
    'a time before the epoch': { iat: -1 },
    'a time that is no whole number': { exp: 1.5 },
  }
  for (const [what, changed] of Object.entries(wrong))
    it(`with ${what} is not believed, though the primary signed it`, async () => {
      await assert.rejects(open(signedWith(changed)), refusedWith('NotOurServer'))
    })

  it('may say more than this version knows', async () => {
    assert.equal('more' in (await open(signedWith({ more: 1, caps: ['fast-rejoin'] }))), false)
  })
})
