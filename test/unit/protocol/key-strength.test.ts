/** Weak public keys: under them a signature "verifies" for any message, so none may come in, by any door. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import nacl from 'tweetnacl'
import { toBase64url } from '../../../src/protocol/encoding.ts'
import type { ProtocolError } from '../../../src/protocol/errors.ts'
import { assertStrongKey } from '../../../src/protocol/key-strength.ts'
import { generateSigningKey, publicKeyFrom, signingKeyFromSeed } from '../../../src/protocol/keys.ts'
import { encode, L, multiply, p, pointAt, smallOrderPoints } from './edwards.fixture.ts'
import { refusedWith } from './refused.fixture.ts'

const weakPoints = smallOrderPoints()
const signs = [0n, 1n] as const

describe('the small-order points, computed from the curve', () => {
  it('are eight, each times eight is the neutral point, and L times a real key is neutral too', () => {
    assert.equal(new Set(weakPoints.map(({ x, y }) => `${x},${y}`)).size, 8)
    for (const point of weakPoints) assert.deepEqual(multiply(point, 8n), { x: 0n, y: 1n })
    // The base point (RFC 8032 §5.1): the arithmetic of this test is that of the curve.
    const base = pointAt(46316835694926478169428394003475163141307993866256225615783033603165251855960n)
    assert.ok(base)
    assert.deepEqual(multiply(base, L), { x: 0n, y: 1n })
  })

  it('would let one signature pass for every message, in a verifier that does not look for them', () => {
    // y = 1 is the neutral point: R = neutral and S = 0 fulfil the equation whatever was signed.
    const neutral = Buffer.from(encode(1n, 0n), 'base64url')
    const forged = Buffer.concat([neutral, Buffer.alloc(32)])
    for (const message of ['one', 'another'])
      assert.ok(nacl.sign.detached.verify(Buffer.from(message), forged, neutral))
  })
})

describe('the strength check', () => {
  for (const [n, { x, y }] of weakPoints.entries())
    it(`refuses small-order point ${n}, of either sign`, () => {
      assert.throws(() => publicKeyFrom(encode(y, (x & 1n) as 0n | 1n)), refusedWith('Malformed'))
      for (const sign of signs)
        assert.throws(
          () => assertStrongKey(encode(y, sign)),
          refusedWith('Malformed', 'a public key has small order'),
          `${y} with sign ${sign}`,
        )
    })

  it('refuses every encoding with y of p or more, of either sign', () => {
    for (let y = p; y < 2n ** 255n; y += 1n)
      for (const sign of signs)
        assert.throws(
          () => publicKeyFrom(encode(y, sign)),
          refusedWith('Malformed', 'a public key is not canonical'),
          `p + ${y - p} with sign ${sign}`,
        )
  })

  it('lets pass what only neighbours a weak or non-canonical key', () => {
    const weak = new Set(weakPoints.map(({ y }) => y))
    for (const y of [2n, 3n, p - 2n, p - 3n, ...[...weak].flatMap((y) => [y + 1n, y - 1n])])
      if (y >= 0n && y < p && !weak.has(y))
        for (const sign of signs) assert.doesNotThrow(() => assertStrongKey(encode(y, sign)), `${y}`)
  })

  it('lets every key pass that was made from a seed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (seed) => {
        const key = signingKeyFromSeed(seed)
        assert.equal(publicKeyFrom(key.x).thumbprint, key.thumbprint)
      }),
      { numRuns: 200 },
    )
  })

  it('answers any 32 bytes with a key or with its own refusal, never with another error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const x = toBase64url(bytes)
        try {
          assert.equal(publicKeyFrom(x).x, x)
        } catch (error) {
          assert.equal((error as ProtocolError).code, 'Malformed')
        }
      }),
      { numRuns: 200 },
    )
  })

  it('does not depend on chance: a fresh key is never weak', () => {
    for (let n = 0; n < 50; n += 1) assert.doesNotThrow(() => assertStrongKey(generateSigningKey().x))
  })
})
