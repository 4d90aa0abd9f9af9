/** What a primary with several keys takes for its own: whatever any of them has made, and nothing of a key it gave up. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createIssuer } from '../../../src/protocol/issuer.ts'
import { createKeyring, issuerNamed } from '../../../src/protocol/keyring.ts'
import { generateSigningKey } from '../../../src/protocol/keys.ts'
import { isGenuineToken, signMembershipToken } from '../../../src/protocol/membership-token.ts'
import { openNextKey, readNextKey, signNextKey } from '../../../src/protocol/next-key.ts'
import { createNonce, memberContext } from '../../../src/protocol/nonce.ts'
import { signPossession, verifyPossession } from '../../../src/protocol/possession-proof.ts'
import { refusedWith } from './refused.fixture.ts'

const uid = 'uid-primary'
const [current, next] = [generateSigningKey(), generateSigningKey()]
const [retired, dropped] = [generateSigningKey(), generateSigningKey()]
const keyring = createKeyring(uid, {
  current,
  next: { key: next, announcement: await signNextKey(uid, next) },
  retired: [retired],
})
const held = { current, next, retired }
const now = Date.UTC(2030, 0, 1)
const member = generateSigningKey()

describe('a primary in the middle of a roll', () => {
  it('signs by the key that is named, and by the current one for whoever names none', () => {
    for (const key of Object.values(held)) assert.equal(issuerNamed(keyring, key.thumbprint)?.key, key)
    assert.equal(issuerNamed(keyring, undefined)?.key, current)
    assert.equal(issuerNamed(keyring, dropped.thumbprint), undefined)
  })

  for (const [name, key] of Object.entries({ ...held, dropped })) {
    const isHeld = key !== dropped
    it(`${isHeld ? 'accepts' : 'refuses'} a nonce of the ${name} key`, async () => {
      const request = { path: '/mc/v1/clusters/east/heartbeat', token: 'token', body: '{}' }
      const nonce = createNonce(createIssuer(uid, key).nonceKey, memberContext(uid, member.thumbprint), now - 1_000)
      const proof = await signPossession(member, request, { nonce, boot: 'boot' })
      const verified = verifyPossession(keyring, proof, request, { now, lifetime: 60_000 })
      if (isHeld) assert.equal((await verified).nonceMadeAt, now - 1_000)
      else await assert.rejects(verified, refusedWith('NonceInvalid'))
    })

    it(`${isHeld ? 'knows' : 'does not know'} a communication token of the ${name} key`, async () => {
      const subject = { clusterName: 'east', uid: 'uid-east', thumbprint: member.thumbprint }
      const token = await signMembershipToken(createIssuer(uid, key), subject, now)
      assert.equal(await isGenuineToken(keyring, token), isHeld)
    })
  }
})

describe('the announcement of a key', () => {
  it('is opened by whoever trusts the answer that carries it', async () => {
    const announcement = await signNextKey(uid, next)
    assert.deepEqual(await openNextKey(announcement, uid), { x: next.x, thumbprint: next.thumbprint })
    assert.deepEqual(readNextKey(announcement), { x: next.x, thumbprint: next.thumbprint })
  })

  it('of another primary is refused', async () => {
    await assert.rejects(openNextKey(await signNextKey('uid-other', next), uid), refusedWith('Malformed'))
  })
})
