/** A member's request: good for one path, one body, one token, one nonce and one key. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createNonce, joinContext, memberContext } from '../../../src/protocol/nonce.ts'
import {
  claimedThumbprint,
  type ProvenRequest,
  signPossession,
  verifyPossession,
} from '../../../src/protocol/possession-proof.ts'
import { heartbeatPath } from '../../../src/protocol/wire.ts'
import { keyringOf } from '../../support/keyring.ts'
import { encode, p, smallOrderPoints } from './edwards.fixture.ts'
import { issuerOf, joinerOf, memberNonceLifetime, now, runExchange } from './exchange.fixture.ts'
import { claimsOf, forge } from './forge.fixture.ts'
import { keyOf } from './randomness.fixture.ts'
import { refusedWith } from './refused.fixture.ts'

const exchange = await runExchange()
const { issuer, joiner, heartbeat, proof, membership } = exchange
const header = { alg: 'Ed25519', typ: 'dpop+jwt', jwk: { kty: 'OKP', crv: 'Ed25519', x: joiner.key.x } }
const claims = claimsOf(proof)
const aDecade = 10 * 365 * 86_400_000

async function verify(given: string, request: ProvenRequest = heartbeat, at = now) {
  return verifyPossession(keyringOf(issuer), given, request, { now: at, lifetime: memberNonceLifetime })
}
const signedWith = (changed: object) => forge(joiner.key, header, { ...claims, ...changed })
const otherRequest = refusedWith('ProofInvalid', 'the proof belongs to another request')

describe('a possession proof', () => {
  it('tells the primary which key asks, from which run of the process, and when its nonce was made', async () => {
    const possession = await verify(proof)
    assert.equal(possession.key.thumbprint, joiner.key.thumbprint)
    assert.equal(possession.boot, 'boot-1')
    assert.equal(possession.nonceMadeAt, now)
  })

  it('holds for a body as text and as the bytes of that text', async () => {
    await assert.doesNotReject(verify(proof, { ...heartbeat, body: Buffer.from(String(heartbeat.body)) }))
  })

  it('is another one each time', async () => {
    const options = { nonce: membership.nonce, boot: 'boot-1' }
    const proofs = [1, 2].map(async () => signPossession(joiner.key, heartbeat, options))
    const [one, two] = await Promise.all(proofs)
    assert.notEqual(one, two)
  })

  it('does not show the token, the body or the private key', () => {
    const text = JSON.stringify(claims)
    assert.ok(!text.includes(membership.token.reveal().slice(-20)))
    assert.ok(!text.includes('health'))
    assert.deepEqual(Object.keys(claims).toSorted(), ['ath', 'bh', 'boot', 'htm', 'htu', 'jti', 'nonce'])
  })

  it('says whose it claims to be, so that a fresh nonce can be made for that key', () => {
    assert.equal(claimedThumbprint(proof), joiner.key.thumbprint)
    assert.throws(() => claimedThumbprint(exchange.reply), refusedWith('Malformed'))
  })
})

describe('a proof for something else', () => {
  const other: Record<string, Partial<ProvenRequest>> = {
    'another action of the same cluster': { path: '/mc/v1/clusters/cluster-x/leave' },
    "another cluster's path": { path: heartbeatPath('cluster-y') },
    'a path that only begins the same': { path: `${heartbeat.path}/` },
    'the path with a query': { path: `${heartbeat.path}?a` },
    'the path in capitals': { path: heartbeat.path.toUpperCase() },
    'another body': { body: '{}' },
    'the same JSON in other white space': { body: `${String(heartbeat.body)} ` },
    'no body': { body: '' },
    'another token': { token: exchange.refused },
    'a token with a space after it': { token: `${heartbeat.token} ` },
  }
  for (const [what, changed] of Object.entries(other))
    it(`is refused for ${what}`, async () => {
      await assert.rejects(verify(proof, { ...heartbeat, ...changed }), otherRequest)
    })

  it('is refused by another primary', async () => {
    const limits = { now, lifetime: memberNonceLifetime }
    await assert.rejects(
      verifyPossession(keyringOf(issuerOf('b')), proof, heartbeat, limits),
      refusedWith('NonceInvalid'),
    )
  })
})

describe('a proof with the wrong nonce', () => {
  it('is refused where the nonce was given to another member', async () => {
    const other = joinerOf('y').key.thumbprint
    const nonce = createNonce(issuer.nonceKey, memberContext(issuer.uid, other), now)
    await assert.rejects(verify(signedWith({ nonce })), refusedWith('NonceInvalid'))
  })

  it('is refused where the nonce is that of a challenge', async () => {
    await assert.rejects(verify(signedWith({ nonce: exchange.opened.sn })), refusedWith('NonceInvalid'))
    const nonce = createNonce(issuer.nonceKey, joinContext(issuer.uid, exchange.ask), now)
    await assert.rejects(verify(signedWith({ nonce })), refusedWith('NonceInvalid'))
  })

  it('is refused where the nonce is old, and good until then', async () => {
    await assert.doesNotReject(verify(proof, heartbeat, now + memberNonceLifetime))
    await assert.rejects(verify(proof, heartbeat, now + memberNonceLifetime + 1), refusedWith('NonceInvalid'))
    await assert.rejects(verify(proof, heartbeat, now - 5_001), refusedWith('NonceInvalid'))
  })

  it('is told about the nonce before any signature is looked at', async () => {
    const stranger = forge(keyOf('stranger'), header, { ...claims, nonce: 'A'.repeat(54) })
    await assert.rejects(verify(stranger), refusedWith('NonceInvalid'))
  })

  it('does not depend on the clock of the member, only on that of the primary', async () => {
    const later = now + aDecade
    const nonce = createNonce(issuer.nonceKey, memberContext(issuer.uid, joiner.key.thumbprint), later)
    await assert.doesNotReject(verify(signedWith({ nonce }), heartbeat, later))
  })
})

describe('a proof by another key', () => {
  it('is refused where the header names a key that did not sign', async () => {
    await assert.rejects(verify(forge(keyOf('stranger'), header, claims)), refusedWith('ProofInvalid'))
  })

  it('is refused with the nonce of the member whose token was stolen', async () => {
    const options = { nonce: membership.nonce, boot: 'boot-1' }
    const stolen = await signPossession(keyOf('thief'), heartbeat, options)
    await assert.rejects(verify(stolen), refusedWith('NonceInvalid'))
  })

  it('names the thief and not the member where the thief got a nonce of its own', async () => {
    const thief = keyOf('thief')
    const nonce = createNonce(issuer.nonceKey, memberContext(issuer.uid, thief.thumbprint), now)
    const possession = await verify(await signPossession(thief, heartbeat, { nonce, boot: 'b' }))
    assert.equal(possession.key.thumbprint, thief.thumbprint)
    assert.notEqual(possession.key.thumbprint, joiner.key.thumbprint)
  })

  it('is refused for a small-order or non-canonical key', async () => {
    const weak = smallOrderPoints().flatMap(({ y }) => [encode(y, 0n), encode(y, 1n)])
    for (const x of [...weak, encode(p, 0n), encode(p + 1n, 1n)]) {
      const jwk = { ...header.jwk, x }
      await assert.rejects(verify(forge(joiner.key, { ...header, jwk }, claims)), refusedWith('Malformed'))
    }
  })

  it('is refused without a key', async () => {
    const { jwk: _jwk, ...keyless } = header
    await assert.rejects(verify(forge(joiner.key, keyless, claims)), refusedWith('Malformed'))
  })
})

describe('a proof of another form', () => {
  it('is accepted as built by this test, so that what follows fails for its own reason', async () => {
    await assert.doesNotReject(verify(signedWith({})))
    await assert.doesNotReject(verify(signedWith({ more: 1 })))
  })

  const wrong: Record<string, object> = {
    'another method': { htm: 'GET' },
    'the method in small letters': { htm: 'post' },
    'no path': { htu: undefined },
    'an endless path': { htu: '/'.repeat(257) },
    'no hash of the token': { ath: undefined },
    'no hash of the body': { bh: undefined },
    'no nonce': { nonce: undefined },
    'no name of the run': { boot: undefined },
    'a name of the run with a line break': { boot: 'boot\n1' },
    'a name of the run of 65 characters': { boot: 'b'.repeat(65) },
    'an id of its own that is empty': { jti: '' },
  }
  for (const [what, changed] of Object.entries(wrong))
    it(`is refused with ${what}`, async () => {
      await assert.rejects(verify(signedWith(changed)), refusedWith('Malformed'))
    })
})
