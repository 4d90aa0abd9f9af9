/** JWS that must be refused although their signatures are good: the corpus of what attacks on JOSE are made of. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { z } from 'zod'
import { decodeJws, embeddedKey, signJws, verifyJws } from '../../../src/protocol/jws.ts'
import { seedOf } from '../../../src/protocol/keys.ts'
import { encode, p, smallOrderPoints } from './edwards.fixture.ts'
import { forge, withPart } from './forge.fixture.ts'
import { keyOf } from './randomness.fixture.ts'
import { refusedWith } from './refused.fixture.ts'

const key = keyOf('signer')
const typ = 'mcj-join+jwt'
const header = { alg: 'Ed25519', typ }
const jwk = { kty: 'OKP', crv: 'Ed25519', x: key.x }
const anyClaims = z.looseObject({})

const good = forge(key, header, { n: 1 })
const [head = '', body = '', signature = ''] = good.split('.')
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** The character that decodes to the same bits, but for the trailing ones that belong to no byte. */
const neighbour = (last: string) => alphabet[alphabet.indexOf(last) ^ 1] ?? ''
const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) })

const badHeader = 'a signed message has a header that is not allowed'
const notCompact = 'a signed message is not a compact JWS'
const notJson = 'a signed message does not hold well-formed JSON'
const notUtf8 = 'a signed message is not UTF-8'
const tooLong = 'a signed message is too long'
const otherType = 'a signed message is not of type mcj-join+jwt'

const headers: Record<string, readonly [header: unknown, message: string]> = {
  'no algorithm': [{ typ }, badHeader],
  'alg none': [{ alg: 'none', typ }, badHeader],
  'alg none in capitals': [{ alg: 'NONE', typ }, badHeader],
  'alg HS256': [{ alg: 'HS256', typ }, badHeader],
  'alg EdDSA, the old name of the same thing': [{ alg: 'EdDSA', typ }, badHeader],
  'alg ES256': [{ alg: 'ES256', typ }, badHeader],
  'alg Ed448': [{ alg: 'Ed448', typ }, badHeader],
  'alg in lower case': [{ alg: 'ed25519', typ }, badHeader],
  'alg with a space': [{ alg: 'Ed25519 ', typ }, badHeader],
  'a list of algorithms': [{ alg: ['Ed25519'], typ }, badHeader],
  'no type': [{ alg: 'Ed25519' }, badHeader],
  'the type of another message': [{ alg: 'Ed25519', typ: 'mcj-reply+jwt' }, otherType],
  'the plain type JWT': [{ alg: 'Ed25519', typ: 'JWT' }, otherType],
  'the type in capitals': [{ alg: 'Ed25519', typ: typ.toUpperCase() }, otherType],
  'the type with its prefix': [{ alg: 'Ed25519', typ: `application/${typ}` }, otherType],
  'the type and something after it': [{ alg: 'Ed25519', typ: `${typ} ` }, otherType],
  'a type that is too long': [{ alg: 'Ed25519', typ: typ.padEnd(33, 'x') }, badHeader],
  crit: [{ ...header, crit: ['exp'], exp: 1 }, badHeader],
  'an empty crit': [{ ...header, crit: [] }, badHeader],
  'b64 false': [{ ...header, b64: false, crit: ['b64'] }, badHeader],
  jku: [{ ...header, jku: 'https://attacker.example.com/keys' }, badHeader],
  x5u: [{ ...header, x5u: 'https://attacker.example.com/chain' }, badHeader],
  x5c: [{ ...header, x5c: ['MIIB'] }, badHeader],
  x5t: [{ ...header, x5t: 'AAAA' }, badHeader],
  zip: [{ ...header, zip: 'DEF' }, badHeader],
  cty: [{ ...header, cty: 'JWT' }, badHeader],
  'a nonce': [{ ...header, nonce: 'AAAA' }, badHeader],
  'an unknown member': [{ ...header, more: 1 }, badHeader],
  'kid as a number': [{ ...header, kid: 1 }, badHeader],
  'kid as null': [{ ...header, kid: null }, badHeader],
  'kid as a list': [{ ...header, kid: ['k'] }, badHeader],
  'a kid that is too long': [{ ...header, kid: 'k'.repeat(65) }, badHeader],
  'a jwk with its private half': [{ ...header, jwk: { ...jwk, d: seedOf(key).toString('base64url') } }, badHeader],
  'a jwk with its own kid': [{ ...header, jwk: { ...jwk, kid: 'k' } }, badHeader],
  'a jwk with key operations': [{ ...header, jwk: { ...jwk, key_ops: ['sign'] } }, badHeader],
  'a jwk of another curve': [{ ...header, jwk: { ...jwk, crv: 'X25519' } }, badHeader],
  'a jwk of another kind': [{ ...header, jwk: { kty: 'oct', k: 'AAAA' } }, badHeader],
  'a jwk without x': [{ ...header, jwk: { kty: 'OKP', crv: 'Ed25519' } }, badHeader],
  'a jwk with x of another length': [{ ...header, jwk: { ...jwk, x: `${key.x}AA` } }, badHeader],
  'a jwk as text': [{ ...header, jwk: JSON.stringify(jwk) }, badHeader],
  'a jwk that is null': [{ ...header, jwk: null }, badHeader],
  'a header that is a list': [[header], badHeader],
  'a header that is null': ['null', badHeader],
  'a header that is text': ['"Ed25519"', badHeader],
  'a header that is no JSON': ['alg=Ed25519', notJson],
  'an empty header': ['', notJson],
  'a repeated alg': [`{"alg":"none","alg":"Ed25519","typ":"${typ}"}`, notJson],
  'a repeated alg in escapes': [`{"\\u0061lg":"none","alg":"Ed25519","typ":"${typ}"}`, notJson],
  'a repeated typ': [`{"alg":"Ed25519","typ":"${typ}","typ":"${typ}"}`, notJson],
  'a repeated member of the jwk': [`{"alg":"Ed25519","typ":"${typ}","jwk":{"x":"${key.x}","x":"A"}}`, notJson],
  'a prototype key': [`{"alg":"Ed25519","typ":"${typ}","__proto__":{}}`, notJson],
  'a deep header': [{ ...header, jwk: nested(9) }, notJson],
  'a header that is no UTF-8': [Buffer.concat([Buffer.from(JSON.stringify(header)), Buffer.from([0xff])]), notUtf8],
}

const payloads: Record<string, readonly [payload: unknown, message: string]> = {
  'an empty payload': ['', notJson],
  'a payload that is no JSON': ['n=1', notJson],
  'a deep payload': [nested(9), notJson],
  'a repeated claim': ['{"n":1,"n":2}', notJson],
  'a prototype key among the claims': ['{"__proto__":{"n":1}}', notJson],
  'a list of claims': ['[]', 'claim  of a mcj-join+jwt is not well-formed'],
  'null for claims': ['null', 'claim  of a mcj-join+jwt is not well-formed'],
  'claims after a byte order mark': ['\ufeff{}', notJson],
  'claims that are no UTF-8': [Buffer.from('7b2261223a22ff227d', 'hex'), notUtf8],
  'a huge payload': [{ n: 'n'.repeat(16 * 1024) }, tooLong],
}

const forms: Record<string, readonly [compact: string, message: string]> = {
  'empty text': ['', notCompact],
  'two parts': [`${head}.${body}`, notCompact],
  'no signature': [`${head}.${body}.`, notCompact],
  'four parts': [`${good}.`, notCompact],
  'five parts, as an encrypted message has': [`${good}.AAAA.AAAA`, notCompact],
  'a padded header': [withPart(good, 0, `${head}=`), notCompact],
  'a padded payload': [withPart(good, 1, `${body}=`), notCompact],
  'a padded signature': [`${good}==`, notCompact],
  'other trailing bits in the signature': [good.slice(0, -1) + neighbour(signature.at(-1) ?? ''), notCompact],
  'the other alphabet of base64': [
    withPart(good, 2, Buffer.alloc(64, 0xff).toString('base64').slice(0, 86)),
    notCompact,
  ],
  'white space before it': [` ${good}`, notCompact],
  'a line break after it': [`${good}\n`, notCompact],
  'a line break inside': [good.replace('.', '.\n'), notCompact],
  'a signature that is too short': [withPart(good, 2, Buffer.alloc(63).toString('base64url')), notCompact],
  'a signature that is too long': [withPart(good, 2, Buffer.alloc(65).toString('base64url')), notCompact],
  'JSON serialisation': [JSON.stringify({ protected: head, payload: body, signature }), notCompact],
  'two messages': [`${good} ${good}`, notCompact],
  'a megabyte': ['A'.repeat(1 << 20), tooLong],
  'a body full of dots': ['.'.repeat(16 * 1024), notCompact],
}

describe('a malformed JWS', () => {
  it('differs from a good one, which is read', async () => {
    assert.deepEqual(await verifyJws(good, { typ, key, claims: anyClaims }), { n: 1 })
    const withKey = forge(key, { ...header, kid: 'k', jwk }, { n: 1 })
    assert.deepEqual(await verifyJws(withKey, { typ, key, claims: anyClaims }), { n: 1 })
  })

  for (const [what, [header, message]] of Object.entries(headers))
    it(`is refused with ${what}`, async () => assertMalformed(forge(key, header, { n: 1 }), message))

  for (const [what, [payload, message]] of Object.entries(payloads))
    it(`is refused with ${what}`, async () => assertMalformed(forge(key, header, payload), message))

  for (const [what, [compact, message]] of Object.entries(forms))
    it(`is refused in the form of ${what}`, async () => assertMalformed(compact, message))

  it('is refused for a signature of zeros, and for a payload that was taken out', async () => {
    for (const compact of [withPart(good, 2, Buffer.alloc(64).toString('base64url')), withPart(good, 1, '')])
      await assert.rejects(verifyJws(compact, { typ, key, claims: anyClaims }), refusedWith('ProofInvalid'))
  })

  it('is refused as the published example of RFC 8037, whose name for the algorithm is outdated', async () => {
    const published =
      'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg'
    await assertMalformed(published, badHeader)
  })

  it('is refused for a weak or non-canonical key in its header', async () => {
    const weak = smallOrderPoints().flatMap(({ y }) => [encode(y, 0n), encode(y, 1n)])
    for (const x of [...weak, encode(p, 0n), encode(p + 18n, 1n)]) {
      const jws = decodeJws(forge(key, { ...header, jwk: { ...jwk, x } }, {}), typ)
      assert.throws(() => embeddedKey(jws), refusedWith('Malformed'))
    }
  })

  it('passes at the greatest length and is refused one character later', async () => {
    const overhead = (await signJws(key, typ, '')).length
    const room = 16 * 1024 - overhead
    const longest = await signJws(key, typ, 'n'.repeat(Math.floor((room * 3) / 4)))
    assert.ok(longest.length > 16 * 1024 - 3 && longest.length <= 16 * 1024)
    assert.doesNotThrow(() => decodeJws(longest, typ))
    assert.throws(() => decodeJws(longest.padEnd(16 * 1024 + 1, 'A'), typ), refusedWith('Malformed', tooLong))
  })
})

/** Asserts the refusal, and that its error repeats nothing of the message. */
async function assertMalformed(compact: string, message: string): Promise<void> {
  await assert.rejects(verifyJws(compact, { typ, key, claims: anyClaims }), (error: Error & { code: string }) => {
    assert.equal(error.name, 'ProtocolError')
    assert.equal(error.code, 'Malformed')
    assert.equal(error.message, message)
    const printed = inspect(error, { depth: 10 })
    assert.ok(!printed.includes('attacker'), printed)
    assert.ok(!printed.includes(seedOf(key).toString('base64url')), printed)
    return true
  })
}
