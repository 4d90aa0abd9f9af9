/** Ed25519 keys: making, storing, naming them, and errors that give nothing away. */
import assert from 'node:assert/strict'
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import {
  generateSigningKey,
  publicKeyFrom,
  seedOf,
  signingKeyFromPem,
  signingKeyFromSeed,
  thumbprintOf,
  toJwk,
  toPrivatePem,
  toPublicPem,
} from '../../../src/protocol/keys.ts'
import { refusedWith } from './refused.fixture.ts'

/** RFC 8037, appendix A: the key, its public part and its thumbprint. */
const published = {
  d: 'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A',
  x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
  thumbprint: 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k',
}
const publishedSeed = Buffer.from(published.d, 'base64url')

describe('a signing key', () => {
  it('of the published seed has the published public part and thumbprint (RFC 8037, appendix A)', () => {
    const key = signingKeyFromSeed(publishedSeed)
    assert.equal(key.x, published.x)
    assert.equal(key.thumbprint, published.thumbprint)
    assert.equal(thumbprintOf(published.x), published.thumbprint)
    assert.deepEqual(toJwk(key), { kty: 'OKP', crv: 'Ed25519', x: published.x })
  })

  it('gives back the seed it was made from', () => {
    assert.deepEqual(seedOf(signingKeyFromSeed(publishedSeed)), publishedSeed)
  })

  it('survives being stored as PEM', () => {
    const key = generateSigningKey()
    const read = signingKeyFromPem(toPrivatePem(key))
    assert.equal(read.x, key.x)
    assert.deepEqual(seedOf(read), seedOf(key))
  })

  it('is a new one each time, made from 32 bytes of the randomness given', () => {
    assert.notEqual(generateSigningKey().x, generateSigningKey().x)
    const asked: number[] = []
    const key = generateSigningKey((length) => {
      asked.push(length)
      return publishedSeed
    })
    assert.deepEqual(asked, [32])
    assert.equal(key.x, published.x)
  })

  for (const length of [0, 31, 33, 64])
    it(`is not made from a seed of ${length} bytes`, () => {
      assert.throws(() => signingKeyFromSeed(Buffer.alloc(length, 1)), {
        name: 'RangeError',
        message: 'an Ed25519 seed has 32 bytes',
      })
    })

  it('does not print its private part', () => {
    const key = signingKeyFromSeed(publishedSeed)
    assertNothingOf(publishedSeed, inspect(key, { depth: 10, showHidden: true }) + JSON.stringify(key))
  })
})

describe('reading a PEM', () => {
  const pem = toPrivatePem(signingKeyFromSeed(publishedSeed))
  const otherKind = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const refused: Record<string, { pem: string; message: string }> = {
    'nothing at all': { pem: '', message: 'not a PEM private key' },
    'text that is no PEM': { pem: 'a password', message: 'not a PEM private key' },
    'a PEM cut off': { pem: pem.slice(0, -40), message: 'not a PEM private key' },
    'a PEM with damaged content': { pem: pem.replace('MC4C', 'MC5C'), message: 'not a PEM private key' },
    'a public key': { pem: toPublicPem(signingKeyFromSeed(publishedSeed)), message: 'not a PEM private key' },
    'a key of another algorithm': {
      pem: otherKind.export({ type: 'pkcs8', format: 'pem' }) as string,
      message: 'not an Ed25519 private key',
    },
    'an X25519 key': {
      pem: generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      message: 'not an Ed25519 private key',
    },
    'an encrypted key': {
      pem: signingKeyFromSeed(publishedSeed).private.export({
        type: 'pkcs8',
        format: 'pem',
        cipher: 'aes-256-cbc',
        passphrase: 'a password',
      }) as string,
      message: 'not a PEM private key',
    },
  }
  for (const [what, { pem, message }] of Object.entries(refused))
    it(`refuses ${what}, with an error that holds no key`, () => {
      assert.throws(
        () => signingKeyFromPem(pem),
        (error: Error) => {
          assert.equal(error.name, 'TypeError')
          assert.equal(error.message, message)
          assertNothingOf(publishedSeed, inspect(error, { depth: 10 }))
          return true
        },
      )
    })
})

describe('a public key', () => {
  it('is written as SPKI PEM that other tools read', () => {
    const pem = toPublicPem(publicKeyFrom(published.x))
    assert.match(pem, /^-----BEGIN PUBLIC KEY-----\n/)
    assert.equal(createPublicKey(pem).export({ format: 'jwk' }).x, published.x)
  })

  it('is known by the same thumbprint on every way in', () => {
    const key = generateSigningKey()
    assert.equal(publicKeyFrom(key.x).thumbprint, key.thumbprint)
    assert.equal(thumbprintOf(key.x), key.thumbprint)
  })

  it('is refused where it is not exactly 32 bytes in canonical base64url', () => {
    const bytes = Buffer.from(published.x, 'base64url')
    const wrong = [
      '',
      bytes.subarray(1).toString('base64url'),
      Buffer.concat([bytes, Buffer.alloc(1)]).toString('base64url'),
      `${published.x}=`,
      bytes.toString('base64').slice(0, 20),
      `${published.x.slice(0, -1)}p`,
      `${published.x}\n`,
      bytes.toString('hex'),
      'x'.repeat(100_000),
    ]
    for (const x of wrong)
      assert.throws(() => publicKeyFrom(x), refusedWith('Malformed', 'a public key is not 32 bytes'), x.slice(0, 50))
  })
})

/** Fails where the text holds a piece of the bytes in any of the ways in which keys are written. */
function assertNothingOf(secret: Buffer, text: string): void {
  for (const written of ['hex', 'base64', 'base64url'] as const)
    assert.ok(!text.includes(secret.toString(written).slice(4, 12)), `the error holds the key as ${written}`)
  assert.ok(!text.includes([...secret].slice(4, 8).join(',')), 'the error holds the bytes of the key')
}
