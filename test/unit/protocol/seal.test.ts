/** Sealing: only the joiner opens the result, and no byte of it can be changed on the way. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import nacl from 'tweetnacl'
import { fromBase64url, toBase64url } from '../../../src/protocol/encoding.ts'
import { assertExchangeKey } from '../../../src/protocol/key-strength.ts'
import { generateExchangeKey, seal, unseal } from '../../../src/protocol/seal.ts'
import { littleEndian, p, smallOrderPoints, toMontgomery } from './edwards.fixture.ts'
import { randomFrom } from './randomness.fixture.ts'
import { refusedWith } from './refused.fixture.ts'

const key = generateExchangeKey(randomFrom('joiner'))
const message = JSON.stringify({ token: 'a communication token', name: 'größe' })
const sealed = seal(message, key.publicKey, randomFrom('primary'))

/**
 * The u coordinates that give everybody the same shared secret: those of the small-order points, and of the two points
 * of small order on the twist, 0 and −1.
 */
const weak = [
  ...new Set([
    ...smallOrderPoints()
      .filter(({ y }) => y !== 1n)
      .map(toMontgomery),
    0n,
    p - 1n,
  ]),
]

describe('a sealed result', () => {
  it('is opened by the one it was sealed for', () => {
    assert.equal(unseal(sealed, key), message)
  })

  it('is a NaCl box, which any library of NaCl opens', () => {
    const bytes = fromBase64url(sealed) ?? Buffer.alloc(0)
    const [theirs, nonce, box] = [bytes.subarray(0, 32), bytes.subarray(32, 56), bytes.subarray(56)]
    const opened = nacl.box.open(box, nonce, theirs, key.secret.reveal())
    assert.equal(Buffer.from(opened ?? []).toString(), message)
    const own = nacl.box.keyPair.fromSecretKey(key.secret.reveal())
    assert.equal(toBase64url(own.publicKey), key.publicKey)
  })

  it('shows nothing of its content', () => {
    assert.ok(!sealed.includes(toBase64url(message).slice(0, 12)))
    assert.ok(!(fromBase64url(sealed) ?? Buffer.alloc(0)).includes('communication'))
  })

  it('is another one each time, under a fresh key', () => {
    const again = seal(message, key.publicKey)
    assert.notEqual(seal(message, key.publicKey), again)
    assert.notEqual(again.slice(0, 43), seal(message, key.publicKey).slice(0, 43))
  })

  it('is not opened by another key', () => {
    const cannot = refusedWith('Malformed', 'the sealed result cannot be opened')
    assert.throws(() => unseal(sealed, generateExchangeKey()), cannot)
  })

  it('is refused with any one of its bits flipped', () => {
    const bytes = fromBase64url(sealed) ?? Buffer.alloc(0)
    // Every bit of the key and the nonce, then one bit of every byte.
    const bits = [
      ...Array(56 * 8).keys(),
      ...Array.from({ length: bytes.length - 56 }, (_, n) => (56 + n) * 8 + (n % 8)),
    ]
    for (const bit of bits) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.throws(() => unseal(toBase64url(flipped), key), refusedWith('Malformed'), `bit ${bit}`)
    }
  })

  it('is refused at every length that it may have been cut to', () => {
    for (let length = 0; length < sealed.length; length += 1)
      assert.throws(() => unseal(sealed.slice(0, length), key), refusedWith('Malformed'), `${length} characters`)
  })

  it('is refused with anything appended, or written differently', () => {
    for (const changed of [`${sealed}A`, `${sealed}AAAA`, `${sealed}=`, ` ${sealed}`, `${sealed}\n`])
      assert.throws(() => unseal(changed, key), refusedWith('Malformed'))
  })

  it('holds an empty message as well as a long one', () => {
    for (const text of ['', 'n'.repeat(20_000)]) assert.equal(unseal(seal(text, key.publicKey), key), text)
  })
})

describe('a weak exchange key', () => {
  it('is one of five, each of which gives an all-zero secret to whoever uses it', () => {
    assert.equal(weak.length, 5)
    const secret = nacl.randomBytes(32)
    for (const u of weak)
      assert.ok(
        nacl.scalarMult(secret, littleEndian(u)).every((byte) => byte === 0),
        `${u}`,
      )
  })

  for (const [n, u] of weak.entries()) {
    it(`(number ${n}) is refused by who would seal to it`, () => {
      const text = littleEndian(u).toString('base64url')
      assert.throws(() => assertExchangeKey(text), refusedWith('Malformed', 'an exchange key has small order'))
      assert.throws(() => seal(message, text), refusedWith('Malformed', 'an exchange key has small order'))
    })

    it(`(number ${n}) is refused by who would open what is sealed with it`, () => {
      // What anybody can make: a box under the shared secret of all zeros.
      const nonce = Buffer.alloc(24, 1)
      const shared = nacl.box.before(littleEndian(u), nacl.randomBytes(32))
      const box = nacl.box.after(Buffer.from(message), nonce, shared)
      const forged = toBase64url(Buffer.concat([littleEndian(u), nonce, box]))
      assert.throws(() => unseal(forged, key), refusedWith('Malformed', 'an exchange key has small order'))
    })
  }

  it('is refused where it is not canonical, for then two texts would be one key', () => {
    const notCanonical = refusedWith('Malformed', 'an exchange key is not canonical')
    const own = BigInt(`0x${Buffer.from(Buffer.from(key.publicKey, 'base64url').toReversed()).toString('hex')}`)
    for (const u of [p, p + 1n, p + 18n, 2n ** 255n - 1n, 2n ** 255n, 2n ** 255n + own, 2n ** 256n - 1n])
      assert.throws(() => assertExchangeKey(littleEndian(u).toString('base64url')), notCanonical, `${u}`)
  })

  it('is refused where it is not 32 bytes', () => {
    for (const text of ['', 'AAAA', `${key.publicKey}AA`, `${key.publicKey}=`, 'A'.repeat(1 << 20)])
      assert.throws(() => seal(message, text), refusedWith('Malformed', 'an exchange key is not 32 bytes'))
  })
})

describe('an exchange key', () => {
  it('is a new one each time and passes its own check', () => {
    assert.notEqual(generateExchangeKey().publicKey, generateExchangeKey().publicKey)
    for (let n = 0; n < 20; n += 1) assert.doesNotThrow(() => assertExchangeKey(generateExchangeKey().publicKey))
  })

  it('leaves its secret out of everything that prints', () => {
    const printed = inspect(key, { depth: 10, showHidden: true }) + JSON.stringify(key)
    assert.ok(!printed.includes([...key.secret.reveal().subarray(0, 4)].join(',')), printed)
  })
})
