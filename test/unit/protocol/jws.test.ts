/** Signing and verifying one message, as both sides do it. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import { z } from 'zod'
import { decodeJws, embeddedKey, signJws, verifyJws } from '../../../src/protocol/jws.ts'
import { L, littleEndian } from './edwards.fixture.ts'
import { forge, withPart } from './forge.fixture.ts'
import { keyOf } from './randomness.fixture.ts'
import { refusedWith } from './refused.fixture.ts'

const key = keyOf('signer')
const claims = z.object({ n: z.number() })
const read = async (compact: string) => verifyJws(compact, { typ: 'mcj-reply+jwt', key, claims })

describe('a signed message', () => {
  it('is read by whoever holds the public key', async () => {
    assert.deepEqual(await read(await signJws(key, 'mcj-reply+jwt', { n: 1 })), { n: 1 })
  })

  it('names its algorithm, its type and, where asked, the key, and nothing else', async () => {
    const plain = decodeJws(await signJws(key, 'mcj-reply+jwt', {}), 'mcj-reply+jwt')
    assert.deepEqual(plain.header, { alg: 'Ed25519', typ: 'mcj-reply+jwt' })
    const named = decodeJws(await signJws(key, 'dpop+jwt', {}, { kid: 'k', embedKey: true }), 'dpop+jwt')
    assert.deepEqual(named.header, {
      alg: 'Ed25519',
      typ: 'dpop+jwt',
      kid: 'k',
      jwk: { kty: 'OKP', crv: 'Ed25519', x: key.x },
    })
  })

  it('takes a text as it is', async () => {
    const jws = decodeJws(await signJws(key, 'mcj-auth+jws', 'a.b.c'), 'mcj-auth+jws')
    assert.equal(jws.payload, 'a.b.c')
  })

  it('is refused under another key', async () => {
    const compact = await signJws(keyOf('somebody else'), 'mcj-reply+jwt', { n: 1 })
    await assert.rejects(read(compact), refusedWith('ProofInvalid'))
  })

  it('is refused with the signature of another message by the same key', async () => {
    const [one, two] = [await signJws(key, 'mcj-reply+jwt', { n: 1 }), await signJws(key, 'mcj-reply+jwt', { n: 2 })]
    await assert.rejects(read(withPart(one, 2, two.split('.')[2] ?? '')), refusedWith('ProofInvalid'))
    await assert.rejects(read(withPart(one, 1, two.split('.')[1] ?? '')), refusedWith('ProofInvalid'))
  })

  it('is refused with a signature rewritten to an equal one, as lax verifiers allow (S + L)', async () => {
    const compact = await signJws(key, 'mcj-reply+jwt', { n: 1 })
    const signature = Buffer.from(compact.split('.')[2] ?? '', 'base64url')
    const s = BigInt(`0x${Buffer.from(signature.subarray(32).toReversed()).toString('hex')}`)
    const equal = Buffer.concat([signature.subarray(0, 32), littleEndian(s + L)])
    await assert.rejects(read(withPart(compact, 2, equal.toString('base64url'))), refusedWith('ProofInvalid'))
  })

  it('is refused where the public key has been used as the secret of an HMAC', async () => {
    const head = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'mcj-reply+jwt' })).toString('base64url')
    const signed = `${head}.${Buffer.from('{"n":1}').toString('base64url')}`
    for (const secret of [key.x, Buffer.from(key.x, 'base64url')]) {
      const tag = createHmac('sha512', secret).update(signed).digest('base64url')
      await assert.rejects(read(`${signed}.${tag}`), refusedWith('Malformed'))
    }
  })

  it('is refused where its claims do not fit, naming the claim and not its value', async () => {
    const compact = await signJws(key, 'mcj-reply+jwt', { n: 'a secret' })
    await assert.rejects(read(compact), refusedWith('Malformed', 'claim n of a mcj-reply+jwt is not well-formed'))
  })

  it('is judged by its signature before its claims', async () => {
    const compact = await signJws(keyOf('somebody else'), 'mcj-reply+jwt', { n: 'wrong' })
    await assert.rejects(read(compact), refusedWith('ProofInvalid'))
  })
})

describe('a key in a header', () => {
  it('is given to the reader after the strength check', async () => {
    const jws = decodeJws(await signJws(key, 'mcj-join+jwt', {}, { embedKey: true }), 'mcj-join+jwt')
    assert.equal(embeddedKey(jws).thumbprint, key.thumbprint)
  })

  it('is missed where the message must carry one', async () => {
    const jws = decodeJws(await signJws(key, 'dpop+jwt', {}), 'dpop+jwt')
    assert.throws(() => embeddedKey(jws), refusedWith('Malformed', 'a signed message does not carry its key'))
  })

  const jwk = { kty: 'OKP', crv: 'Ed25519', x: key.x }
  for (const typ of ['mcj-join+jwt', 'dpop+jwt'] as const)
    it(`is allowed in ${typ}, which a secondary's own key signs`, () => {
      assert.doesNotThrow(() => decodeJws(forge(key, { alg: 'Ed25519', typ, jwk }, {}), typ))
    })

  for (const typ of [
    'mcj-challenge+jwt',
    'mcj-auth+jws',
    'mcj-result+jwt',
    'mcj-reply+jwt',
    'mcj-key+jwt',
    'at+jwt',
  ] as const)
    it(`is refused in ${typ}, whose key the reader knows`, () => {
      assert.throws(() => decodeJws(forge(key, { alg: 'Ed25519', typ, jwk }, {}), typ), refusedWith('Malformed'))
    })
})
