/** The request for another key: good for one key in the place of one other, of one cluster at one primary. */
import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { compactVerify } from 'jose'
import { rekeySchema, verifyRekeyRequest } from '../../../src/protocol/rekey.ts'
import type { rekeyVector } from '../../vectors/rekey.ts'
import { encode, p, smallOrderPoints } from './edwards.fixture.ts'
import { runExchange } from './exchange.fixture.ts'
import { claimsOf, forge } from './forge.fixture.ts'
import { keyOf } from './randomness.fixture.ts'
import { refusedWith } from './refused.fixture.ts'

const { rekey, rekeySubject, nextMemberKey: nextKey, joiner } = await runExchange()
const header = { alg: 'Ed25519', typ: 'mcj-rekey+jwt', jwk: { kty: 'OKP', crv: 'Ed25519', x: nextKey.x } }
const claims = claimsOf(rekey)
const signedWith = (changed: object) => forge(nextKey, header, { ...claims, ...changed })

describe('a request for another key', () => {
  it('tells the primary the new key, and shows nothing of the old one but its thumbprint', async () => {
    assert.deepEqual(await verifyRekeyRequest(rekey, rekeySubject), { x: nextKey.x, thumbprint: nextKey.thumbprint })
    assert.deepEqual(Object.keys(claims).toSorted(), ['aud', 'iat', 'iss', 'old', 'sub', 'v'])
    assert.equal(claims['old'], joiner.key.thumbprint)
  })

  it('holds for the very member whose proof it comes with, and for no other', async () => {
    const others: Record<string, [object, string]> = {
      'another primary': [{ primaryUid: 'uid-of-primary-b' }, 'the request is meant for another primary'],
      'another cluster': [{ uid: 'uid-of-secondary-y' }, 'the request is about another cluster'],
      'another key': [{ oldKeyId: nextKey.thumbprint }, 'the request replaces another key'],
    }
    for (const [what, [changed, message]] of Object.entries(others))
      await assert.rejects(
        verifyRekeyRequest(rekey, { ...rekeySubject, ...changed }),
        refusedWith('Malformed', message),
        what,
      )
  })

  it('is refused where it names another key than the one that it carries', async () => {
    const message = 'the request names another key than its own'
    await assert.rejects(
      verifyRekeyRequest(signedWith({ iss: joiner.key.thumbprint }), rekeySubject),
      refusedWith('Malformed', message),
    )
  })

  it('is refused where the new key has not signed it: nobody gives away a key that he does not hold', async () => {
    const by = (key: typeof nextKey) => forge(key, header, claims)
    for (const key of [joiner.key, keyOf('a thief')])
      await assert.rejects(verifyRekeyRequest(by(key), rekeySubject), refusedWith('ProofInvalid'))
  })

  it('is refused for a weak or non-canonical key, under which anybody could sign', async () => {
    const weak = smallOrderPoints().flatMap(({ y }) => [encode(y, 0n), encode(y, 1n)])
    for (const x of [...weak, encode(p, 0n), encode(p + 18n, 1n)]) {
      const message = forge(nextKey, { ...header, jwk: { ...header.jwk, x } }, claims)
      await assert.rejects(verifyRekeyRequest(message, rekeySubject), refusedWith('Malformed'), x)
    }
  })

  it('is refused without its key, and with a claim that is missing or of another form', async () => {
    const { jwk: _jwk, ...bare } = header
    await assert.rejects(verifyRekeyRequest(forge(nextKey, bare, claims), rekeySubject), refusedWith('Malformed'))
    for (const name of Object.keys(claims))
      for (const value of [undefined, null, [], {}, -1, 'a b', ''])
        await assert.rejects(
          verifyRekeyRequest(signedWith({ [name]: value }), rekeySubject),
          refusedWith('Malformed'),
          `${name}: ${JSON.stringify(value)}`,
        )
  })

  it('comes in a body that holds it and the key of the primary that is trusted', () => {
    assert.ok(rekeySchema.safeParse({ request: rekey }).success)
    assert.ok(rekeySchema.safeParse({ request: rekey, kid: joiner.key.thumbprint, more: 1 }).success)
    for (const body of [{}, [], null, { request: '' }, { request: 1 }, { request: 'x'.repeat(16_385) }])
      assert.ok(!rekeySchema.safeParse(body).success, JSON.stringify(body).slice(0, 40))
  })
})

describe('the vector of a change of key', () => {
  const folder = join(import.meta.dirname, '../../vectors')
  const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'))
  const vector = read('rekey.json') as Awaited<ReturnType<typeof rekeyVector>>
  const { primaryUid, secondaryUid } = read('exchange.json') as { primaryUid: string; secondaryUid: string }
  const keys = read('keys.json') as Record<'primary' | 'secondary', { x: string; thumbprint: string }>
  const subject = { primaryUid, uid: secondaryUid, oldKeyId: keys.secondary.thumbprint }

  it('holds a request that is accepted, and requests that are refused, each with its code', async () => {
    const { thumbprint } = await verifyRekeyRequest(vector.request, subject)
    assert.equal(thumbprint, vector.next.thumbprint)
    for (const { why, code, message } of vector.refused)
      await assert.rejects(verifyRekeyRequest(message, subject), { code }, why)
  })

  it('is by the book: the request by the new key, the proof by the old one, the token for the new one', async () => {
    const opened = async (compact: string, x: string) => {
      const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
      const { protectedHeader, payload } = await compactVerify(compact, key, { algorithms: ['Ed25519'] })
      return { header: protectedHeader, claims: JSON.parse(Buffer.from(payload).toString()) as Record<string, unknown> }
    }
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: vector.next.x }
    assert.deepEqual(await opened(vector.request, vector.next.x), {
      header: { alg: 'Ed25519', typ: 'mcj-rekey+jwt', jwk },
      claims: {
        v: 1,
        iss: vector.next.thumbprint,
        aud: primaryUid,
        sub: secondaryUid,
        old: keys.secondary.thumbprint,
        iat: 1_800_000_000,
      },
    })
    assert.equal(vector.rekey.body, JSON.stringify({ request: vector.request, kid: keys.primary.thumbprint }))
    const proof = await opened(vector.rekey.proof, keys.secondary.x)
    assert.equal(proof.claims['htu'], '/mc/v1/clusters/east/rekey')
    const reply = await opened(vector.reply.reply, keys.primary.x)
    assert.deepEqual([reply.claims['status'], reply.claims['aud']], ['ok', keys.secondary.thumbprint])
    const token = await opened(String(reply.claims['token']), keys.primary.x)
    assert.deepEqual([token.claims['sub'], token.claims['cnf']], ['east', { jkt: vector.next.thumbprint }])
  })
})
