/** The join token: what goes in comes out, and what the primary keeps of it cannot make a proof. */
import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { signJws } from '../../../src/protocol/jws.ts'
import { generateSigningKey, toPublicPem } from '../../../src/protocol/keys.ts'
import { issueToken, maskedToken, parseToken } from '../../../src/protocol/token.ts'

const primary = {
  uid: '6f1e4c1e-5a1d-4c57-9a07-0d4f3ad5b4c5',
  key: generateSigningKey(),
  endpoints: ['https://primary.example.com:8443/k10', 'http://10.0.0.1'],
}
const notRandom = (length: number) => new Uint8Array(length).fill(length)

describe('a join token', () => {
  it('tells the secondary where the primary is and whom to trust', () => {
    const issued = issueToken(primary)
    const token = parseToken(issued.text.reveal())
    assert.equal(token.id, issued.id)
    assert.equal(token.primaryUid, primary.uid)
    assert.equal(token.primaryKey.x, primary.key.x)
    assert.deepEqual(token.endpoints, primary.endpoints)
  })

  it('gives the secondary the private half of the very key that the primary stores', () => {
    const issued = issueToken(primary)
    assert.equal(parseToken(issued.text.reveal()).key.x, issued.publicKey.x)
  })

  it('leaves the primary nothing to make a proof with', async () => {
    const { publicKey } = issueToken(primary)
    assert.deepEqual(Object.keys(publicKey), ['x', 'thumbprint'])
    const all = createPublicKey(toPublicPem(publicKey))
    await assert.rejects(signJws({ ...publicKey, private: all }, 'mcj-auth+jws', {}))
  })

  it('has the documented form', () => {
    const [scheme, header, secret, checksum, ...rest] = issueToken(primary).text.reveal().split('.')
    assert.equal(scheme, 'mcj1')
    assert.deepEqual(Object.keys(JSON.parse(Buffer.from(String(header), 'base64url').toString()) as object), [
      'tid',
      'iss',
      'pk',
      'ep',
    ])
    assert.equal(Buffer.from(String(secret), 'base64url').length, 32)
    assert.match(String(checksum), /^[A-Za-z0-9_-]{6}$/)
    assert.deepEqual(rest, [])
  })

  it('is a new one each time: another id, another secret, another key', () => {
    const [one, two] = [issueToken(primary), issueToken(primary)]
    assert.notEqual(one.id, two.id)
    assert.notEqual(one.publicKey.x, two.publicKey.x)
    assert.notEqual(one.text.reveal().split('.')[2], two.text.reveal().split('.')[2])
  })

  it('is the same again from the same randomness, so that test vectors can be rebuilt', () => {
    assert.equal(issueToken(primary, notRandom).text.reveal(), issueToken(primary, notRandom).text.reveal())
  })

  it('holds ten endpoints of 200 characters', () => {
    const endpoints = Array.from({ length: 10 }, (_, n) => `https://${'a'.repeat(189)}.b${n}`)
    const issued = issueToken({ ...primary, endpoints })
    assert.deepEqual(parseToken(issued.text.reveal()).endpoints, endpoints)
  })

  it('is not issued where nobody could read it', () => {
    const endpoints = Array.from({ length: 10 }, () => `https://${'a'.repeat(2_000)}`)
    assert.throws(() => issueToken({ ...primary, endpoints }), { name: 'RangeError' })
  })

  it('is named in logs by its id alone', () => {
    const issued = issueToken(primary)
    assert.equal(maskedToken(issued.id), `mcj1:${issued.id}:***`)
  })

  it('does not print its text or its key, issued or parsed', () => {
    const issued = issueToken(primary)
    const text = issued.text.reveal()
    const printed = [issued, parseToken(text)]
      .map((value) => inspect(value, { depth: 10, showHidden: true }) + JSON.stringify(value))
      .join('\n')
    const secret = text.split('.')[2] ?? ''
    assert.ok(printed.includes(issued.id))
    assert.ok(!printed.includes(secret.slice(0, 8)))
    assert.ok(!printed.includes(Buffer.from(secret, 'base64url').toString('hex').slice(0, 8)))
  })
})
