/** Nonces that nobody stored: recognised by the replica that made them and by every other, for one purpose only. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { fromBase64url, hkdf, toBase64url } from '../../../src/protocol/encoding.ts'
import { type SigningKey, seedOf } from '../../../src/protocol/keys.ts'
import {
  createNonce,
  joinContext,
  joinNonceLifetime,
  memberContext,
  type NonceContext,
  nonceKeyOf,
  verifyNonce,
} from '../../../src/protocol/nonce.ts'
import { keyOf, randomFrom } from './randomness.fixture.ts'
import { refusedWith } from './refused.fixture.ts'

const primary = keyOf('primary')
const key = nonceKeyOf(primary)
const iss = 'primary-uid'
const exchange = { tid: 'AAAAAAAAAAAAAAAA', jkt: keyOf('joiner').thumbprint, cn: toBase64url(Buffer.alloc(16, 1)) }
const context = joinContext(iss, exchange)
const madeAt = 1_800_000_000_000
const nonce = createNonce(key, context, madeAt, randomFrom('nonce'))

/** When the nonce was made, as a verifier at another time finds out. */
function verifyAt(age: number, given = nonce, of: NonceContext = context): number {
  return verifyNonce([key], of, given, { now: madeAt + age, lifetime: joinNonceLifetime })
}

const notOurs = refusedWith('NonceInvalid', 'the nonce was not made for this exchange')
const tooOld = refusedWith('NonceInvalid', 'the nonce is too old')
const ofTheFuture = refusedWith(
  'NonceInvalid',
  'the nonce was made in the future: the clocks of two replicas differ by more than 5 s',
)
const notWellFormed = refusedWith('NonceInvalid', 'the nonce is not well-formed')

describe('a nonce', () => {
  it('tells when it was made', () => {
    assert.equal(verifyAt(0), madeAt)
  })

  it('is recognised by another replica, which derives the same key from the same primary', () => {
    const replica: SigningKey = keyOf('primary')
    const limits = { now: madeAt, lifetime: joinNonceLifetime }
    assert.equal(verifyNonce([nonceKeyOf(replica)], context, nonce, limits), madeAt)
  })

  it('is not recognised by another primary', () => {
    const limits = { now: madeAt, lifetime: joinNonceLifetime }
    assert.throws(() => verifyNonce([nonceKeyOf(keyOf('another'))], context, nonce, limits), notOurs)
  })

  it('cannot be made from what is public of the primary', () => {
    const guesses = [primary.x, primary.thumbprint].map((text) =>
      hkdf(Buffer.from(text, 'base64url'), 'mcj1/nonce-key', 32),
    )
    const real = hkdf(seedOf(primary), 'mcj1/nonce-key', 32)
    assert.deepEqual(key.secret.reveal().export(), real)
    for (const guess of guesses) assert.notDeepEqual(guess, real)
  })

  it('never is the same twice', () => {
    assert.notEqual(createNonce(key, context, madeAt), createNonce(key, context, madeAt))
  })

  it('lives from five seconds before it was made, for replicas whose clocks differ, to a minute after', () => {
    for (const age of [-5_000, -4_000, 0, 59_999, 60_000]) assert.equal(verifyAt(age), madeAt, `${age} ms`)
    for (const age of [60_001, 30 * 86_400_000]) assert.throws(() => verifyAt(age), tooOld, `${age} ms`)
    for (const age of [-5_001, -30_000]) assert.throws(() => verifyAt(age), ofTheFuture, `${age} ms`)
  })

  it('of a member lives as long as its verifier says', () => {
    const of = memberContext(iss, exchange.jkt)
    const given = createNonce(key, of, madeAt)
    const verify = (age: number) => verifyNonce([key], of, given, { now: madeAt + age, lifetime: 300_000 })
    assert.equal(verify(300_000), madeAt)
    assert.throws(() => verify(300_001), tooOld)
  })

  const otherContexts: Record<string, NonceContext> = {
    'another primary': joinContext('another-uid', exchange),
    'another token': joinContext(iss, { ...exchange, tid: 'AAAAAAAAAAAAAAAB' }),
    'no token': joinContext(iss, { ...exchange, tid: null }),
    'a token named null': joinContext(iss, { ...exchange, tid: 'null' }),
    'another key': joinContext(iss, { ...exchange, jkt: keyOf('somebody else').thumbprint }),
    "another joiner's nonce": joinContext(iss, { ...exchange, cn: toBase64url(Buffer.alloc(16, 2)) }),
    'token and key swapped': joinContext(iss, { ...exchange, tid: exchange.jkt, jkt: exchange.tid }),
    'a boundary between two fields moved': joinContext(iss, {
      ...exchange,
      tid: exchange.tid + exchange.jkt.slice(0, 1),
      jkt: exchange.jkt.slice(1),
    }),
    'a field that ends in a quotation mark': joinContext(iss, { ...exchange, tid: `${exchange.tid}"` }),
    'a member with the same key': memberContext(iss, exchange.jkt),
  }
  for (const [what, other] of Object.entries(otherContexts))
    it(`is refused for ${what}`, () => {
      assert.throws(() => verifyAt(0, nonce, other), notOurs)
    })

  it('of a member is refused in a join, whatever the primary is called', () => {
    const given = createNonce(key, memberContext(iss, exchange.jkt), madeAt)
    const contexts = [context, joinContext('member', { tid: iss, jkt: exchange.jkt, cn: '' }), ['member', iss]]
    for (const other of contexts) assert.throws(() => verifyAt(0, given, other), notOurs)
  })

  it('of one member is refused for another', () => {
    const given = createNonce(key, memberContext(iss, exchange.jkt), madeAt)
    assert.throws(() => verifyAt(0, given, memberContext(iss, keyOf('somebody else').thumbprint)), notOurs)
  })

  it('is refused with any one of its bits flipped', () => {
    const bytes = fromBase64url(nonce) ?? Buffer.alloc(0)
    assert.equal(bytes.length, 40)
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.throws(() => verifyAt(0, toBase64url(flipped)), notOurs, `bit ${bit}`)
    }
  })

  it('is refused in any form but its own', () => {
    const hex = Buffer.from(nonce, 'base64url').toString('hex')
    for (const given of [
      '',
      nonce.slice(0, -1),
      `${nonce}A`,
      `${nonce}=`,
      ` ${nonce}`,
      `${nonce}\n`,
      hex,
      'A'.repeat(1 << 20),
    ])
      assert.throws(() => verifyAt(0, given), notWellFormed)
    // 40 bytes in 54 characters leave four bits over: the same bytes, written differently.
    const last = nonce.slice(-1)
    for (const other of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
      if (other !== last) assert.throws(() => verifyAt(0, nonce.slice(0, -1) + other), refusedWith('NonceInvalid'))
  })

  it('is never made by chance', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 40, maxLength: 40 }), (bytes) => {
        assert.throws(() => verifyAt(0, toBase64url(bytes)), notOurs)
      }),
      { numRuns: 300 },
    )
  })

  it('leaves its key out of everything that prints', () => {
    const printed = inspect({ key }, { depth: 10, showHidden: true }) + JSON.stringify({ key })
    const secret = hkdf(seedOf(primary), 'mcj1/nonce-key', 32)
    assert.ok(!printed.includes([...secret.subarray(0, 4)].join(',')), printed)
    assert.ok(!printed.replaceAll(' ', '').includes(secret.toString('hex').slice(0, 8)), printed)
  })
})
