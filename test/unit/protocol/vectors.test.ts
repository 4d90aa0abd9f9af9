/** The test vectors are what this code makes, and this code refuses what they say must be refused. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { z } from 'zod'
import { ProtocolError } from '../../../src/protocol/errors.ts'
import { verifyJws } from '../../../src/protocol/jws.ts'
import { assertExchangeKey } from '../../../src/protocol/key-strength.ts'
import { publicKeyFrom, signingKeyFromSeed } from '../../../src/protocol/keys.ts'
import { type NonceContext, nonceKeyOf, verifyNonce } from '../../../src/protocol/nonce.ts'
import { parseToken } from '../../../src/protocol/token.ts'
import { formatVector, makeVectors } from '../../vectors/make.ts'

const folder = join(import.meta.dirname, '../../vectors')
const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'))

describe('the test vectors', () => {
  it('are what their inputs lead to, file by file and byte by byte', async () => {
    const made = await makeVectors()
    assert.deepEqual(
      readdirSync(folder)
        .filter((name) => name.endsWith('.json'))
        .toSorted(),
      Object.keys(made).toSorted(),
    )
    for (const [name, vector] of Object.entries(made))
      assert.equal(readFileSync(join(folder, name), 'utf8'), formatVector(vector), name)
  })

  it('hold tokens that are refused, each with its code', () => {
    const { refused } = read('token.json') as { refused: Record<string, string[]> }
    for (const [code, texts] of Object.entries(refused))
      for (const text of texts)
        assert.throws(
          () => parseToken(text),
          (error) => error instanceof ProtocolError && error.code === code,
          `${code} ${text}`,
        )
  })

  it('hold nonces that are accepted, and nonces that are not', () => {
    interface Case {
      context: NonceContext
      nonce: string
      now: number
      lifetime: number
      why?: string
    }
    const { primary } = read('keys.json') as { primary: { seed: string } }
    const key = nonceKeyOf(signingKeyFromSeed(Buffer.from(primary.seed, 'hex')))
    const { accepted, refused } = read('nonce.json') as { accepted: Case[]; refused: Case[] }
    for (const { context, nonce, ...limits } of accepted) assert.ok(verifyNonce([key], context, nonce, limits) > 0)
    for (const { context, nonce, why, ...limits } of refused)
      assert.throws(() => verifyNonce([key], context, nonce, limits), { code: 'NonceInvalid' }, why)
  })

  it('hold messages that are refused although they look like a challenge, and keys that are refused', async () => {
    interface Refused {
      publicKey: string
      typ: 'mcj-challenge+jwt'
      messages: Record<string, string>
      signingKeys: Record<string, string>
      exchangeKeys: Record<string, string>
    }
    const { publicKey, typ, messages, signingKeys, exchangeKeys } = read('refused.json') as Refused
    const key = publicKeyFrom(publicKey)
    for (const [why, compact] of Object.entries(messages))
      await assert.rejects(verifyJws(compact, { typ, key, claims: z.looseObject({}) }), ProtocolError, why)
    // Refused for what it is there for, and not for a slip in how it is written.
    const refusal = (why: string) => ({
      code: 'Malformed',
      message: new RegExp(why.split(':')[0]?.replace('small', 'has small') ?? ''),
    })
    for (const [why, x] of Object.entries(signingKeys)) assert.throws(() => publicKeyFrom(x), refusal(why), why)
    for (const [why, x] of Object.entries(exchangeKeys)) assert.throws(() => assertExchangeKey(x), refusal(why), why)
  })
})
