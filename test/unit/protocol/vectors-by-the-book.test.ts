/**
 * The test vectors once more, by the text of docs/protocol.md and general libraries alone: nothing of src is used, so that
 * code and document cannot be wrong in the same way.
 */
import assert from 'node:assert/strict'
import { createHash, createHmac, createPrivateKey, createPublicKey, hkdfSync, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { compactVerify } from 'jose'
import nacl from 'tweetnacl'

const read = (name: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../../vectors', name), 'utf8'))

interface KeyVector {
  seed: string
  x: string
  thumbprint: string
}

interface Exchange {
  now: number
  random: Record<'cn' | 'sn' | 'exchangeSecret' | 'memberNonce' | 'sealSecret' | 'sealNonce' | 'jti', string>
  token: string
  primaryUid: string
  secondaryUid: string
  spki: string[]
  challengeRequest: Record<string, unknown>
  challengeAnswer: { challenge: string }
  exchangePublicKey: string
  joinRequest: { request: string; kid: string }
  innerRequest: string
  accepted: { result: string }
  acceptedUnsealed: string
  refused: { result: string }
  heartbeat: { path: string; token: string; body: string; proof: string }
  replies: Record<string, { reply: string }>
  leave: { path: string; token: string; body: string; proof: string }
  leaveReply: { reply: string }
}

interface ReturnVector {
  now: number
  random: Record<'sn', string>
  challengeRequest: { jkt: string; cn: string }
  challengeAnswer: { challenge: string }
  joinRequest: { request: string; token: string; kid: string }
}

interface TokenVector {
  header: string
  secret: string
  keySeed: string
  text: string
  publicKey: string
}

const keys = read('keys.json') as { primary: KeyVector & { nonceKey: string }; secondary: KeyVector }
const exchange = read('exchange.json') as Exchange
const token = read('token.json') as TokenVector

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('base64url')
const bytes = (hex: string) => Buffer.from(hex, 'hex')
const fromSeed = (seed: Buffer) =>
  createPrivateKey({
    key: Buffer.concat([bytes('302e020100300506032b657004220420'), seed]),
    format: 'der',
    type: 'pkcs8',
  })
const publicOf = (x: string) => createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
const hkdf = (key: Buffer, info: string) => Buffer.from(hkdfSync('sha256', key, '', info, 32))

/** Header and claims of a message that this key has signed. */
async function opened(compact: string, x: string): Promise<{ header: object; claims: Record<string, unknown> }> {
  const { protectedHeader, payload } = await compactVerify(compact, publicOf(x), { algorithms: ['Ed25519'] })
  return { header: protectedHeader, claims: JSON.parse(Buffer.from(payload).toString()) as Record<string, unknown> }
}

function nonceOf(context: readonly (string | null)[], time: number, random: Buffer): string {
  const text = JSON.stringify([...context, time, random.toString('base64url')])
  const tag = createHmac('sha256', bytes(keys.primary.nonceKey)).update(text).digest().subarray(0, 16)
  const head = Buffer.alloc(8)
  head.writeBigUInt64BE(BigInt(time))
  return Buffer.concat([head, random, tag]).toString('base64url')
}

describe('by the book', () => {
  it('public keys, thumbprints and the nonce key follow from the seeds', () => {
    for (const { seed, x, thumbprint } of [keys.primary, keys.secondary]) {
      const key: KeyObject = createPublicKey(fromSeed(bytes(seed)))
      assert.equal(key.export({ format: 'jwk' }).x, x)
      assert.equal(sha256(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`), thumbprint)
    }
    assert.equal(hkdf(bytes(keys.primary.seed), 'mcj1/nonce-key').toString('hex'), keys.primary.nonceKey)
  })

  it('the token has its four parts, and its key follows from header and secret', () => {
    const [prefix, header = '', secret = '', checksum] = token.text.split('.')
    assert.deepEqual([prefix, header, secret], ['mcj1', token.header, bytes(token.secret).toString('base64url')])
    assert.equal(sha256(`mcj1.${header}.${secret}`).slice(0, 6), checksum)
    const seed = hkdf(bytes(token.secret), `mcj1/token-key/${sha256(header)}`)
    assert.equal(seed.toString('hex'), token.keySeed)
    assert.equal(createPublicKey(fromSeed(seed)).export({ format: 'jwk' }).x, token.publicKey)
  })

  it('the challenge is signed by the primary and answers its question', async () => {
    const { now, random, primaryUid, spki } = exchange
    const { header, claims } = await opened(exchange.challengeAnswer.challenge, keys.primary.x)
    const { tid, jkt, cn } = exchange.challengeRequest as { tid: string; jkt: string; cn: string }
    assert.deepEqual(header, { alg: 'Ed25519', typ: 'mcj-challenge+jwt', kid: keys.primary.thumbprint })
    const sn = nonceOf([primaryUid, tid, jkt, cn], now, bytes(random.sn))
    const iat = now / 1000
    const expected = { iss: primaryUid, aud: 'mcj-join', tid, jkt, cn, sn, spki, iat, exp: iat + 60, caps: [], minV: 1 }
    assert.deepEqual(claims, expected)
    assert.equal(jkt, keys.secondary.thumbprint)
  })

  it("the request is signed by the secondary, and that again by the token's key", async () => {
    const outer = await compactVerify(exchange.joinRequest.request, publicOf(token.publicKey))
    const { tid, cn } = exchange.challengeRequest
    assert.deepEqual(outer.protectedHeader, { alg: 'Ed25519', typ: 'mcj-auth+jws', kid: tid })
    const inner = Buffer.from(outer.payload).toString()
    assert.equal(inner, exchange.innerRequest)
    const { header, claims } = await opened(inner, keys.secondary.x)
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: keys.secondary.x }
    assert.deepEqual(header, { alg: 'Ed25519', typ: 'mcj-join+jwt', jwk })
    const challenge = (await opened(exchange.challengeAnswer.challenge, keys.primary.x)).claims
    assert.deepEqual(claims, {
      v: 1,
      iss: keys.secondary.thumbprint,
      sub: exchange.secondaryUid,
      aud: exchange.primaryUid,
      tid,
      cn,
      sn: challenge['sn'],
      name: 'east',
      epk: exchange.exchangePublicKey,
      k10: { namespace: 'kasten-io', releaseName: 'k10', ingress: { url: 'https://east.example.com/k10' } },
      versions: { operator: '0.1.0', kubernetes: 'v1.36.3' },
      iat: exchange.now / 1000,
    })
  })

  it('the acceptance opens with the one-time key alone, and is signed for this very request', async () => {
    const sealed = Buffer.from(exchange.accepted.result, 'base64url')
    const { random } = exchange
    const ephemeral = nacl.box.keyPair.fromSecretKey(new Uint8Array(bytes(random.sealSecret))).publicKey
    assert.deepEqual(sealed.subarray(0, 32), Buffer.from(ephemeral))
    assert.deepEqual(sealed.subarray(32, 56), bytes(random.sealNonce))
    const secret = new Uint8Array(bytes(random.exchangeSecret))
    const result = nacl.box.open(sealed.subarray(56), sealed.subarray(32, 56), sealed.subarray(0, 32), secret)
    assert.equal(Buffer.from(result ?? []).toString(), exchange.acceptedUnsealed)
    const { header, claims } = await opened(exchange.acceptedUnsealed, keys.primary.x)
    assert.deepEqual(header, { alg: 'Ed25519', typ: 'mcj-result+jwt', kid: keys.primary.thumbprint })
    const { thumbprint } = keys.secondary
    assert.deepEqual(claims, {
      ...(await bindingOf()),
      status: 'Joined',
      clusterName: 'east',
      primaryName: 'primary-cluster-1',
      endpoints: ['https://primary.example.com/k10'],
      token: exchange.heartbeat.token,
      keys: { current: { kid: keys.primary.thumbprint, x: keys.primary.x } },
      interval: 20,
      nonce: nonceOf(['member', exchange.primaryUid, thumbprint], exchange.now, bytes(random.memberNonce)),
    })
  })

  it('the refusal is signed for this very request, and not sealed', async () => {
    const { header, claims } = await opened(exchange.refused.result, keys.primary.x)
    assert.deepEqual(header, { alg: 'Ed25519', typ: 'mcj-result+jwt', kid: keys.primary.thumbprint })
    const { code, msg, ...rest } = claims
    assert.deepEqual(rest, { ...(await bindingOf()), status: 'Rejected' })
    assert.equal(code, 'NameTaken')
    assert.match(String(msg), /^NameTaken: /)
  })

  it('the communication token names the membership and its key', async () => {
    const { header, claims } = await opened(exchange.heartbeat.token, keys.primary.x)
    assert.deepEqual(header, { alg: 'Ed25519', typ: 'at+jwt', kid: keys.primary.thumbprint })
    assert.deepEqual(claims, {
      iss: exchange.primaryUid,
      sub: 'east',
      aud: 'mc',
      uid: exchange.secondaryUid,
      cnf: { jkt: keys.secondary.thumbprint },
      iat: exchange.now / 1000,
    })
  })

  it('the heartbeat proves possession for its path, token and body', async () => {
    const { path, token: communication, body, proof } = exchange.heartbeat
    const { header, claims } = await opened(proof, keys.secondary.x)
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: keys.secondary.x }
    assert.deepEqual(header, { alg: 'Ed25519', typ: 'dpop+jwt', jwk })
    const result = (await opened(exchange.acceptedUnsealed, keys.primary.x)).claims
    assert.deepEqual(claims, {
      htm: 'POST',
      htu: path,
      ath: sha256(communication),
      bh: sha256(body),
      jti: bytes(exchange.random.jti).toString('base64url'),
      nonce: result['nonce'],
      boot: 'boot-1',
    })
    assert.equal(path, '/mc/v1/clusters/east/heartbeat')
  })

  it('every reply is signed for this very proof', async () => {
    for (const [status, { reply }] of Object.entries(exchange.replies)) {
      const { header, claims } = await opened(reply, keys.primary.x)
      assert.deepEqual(header, { alg: 'Ed25519', typ: 'mcj-reply+jwt', kid: keys.primary.thumbprint })
      const { iss, aud, reqh } = claims
      const expected = [exchange.primaryUid, keys.secondary.thumbprint, sha256(exchange.heartbeat.proof), status]
      assert.deepEqual([iss, aud, reqh, claims['status']], expected)
    }
  })

  it('the request to leave proves possession with a nonce of its own, and is answered with ok', async () => {
    const { path, token: communication, body, proof } = exchange.leave
    const { header, claims } = await opened(proof, keys.secondary.x)
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: keys.secondary.x }
    assert.deepEqual(header, { alg: 'Ed25519', typ: 'dpop+jwt', jwk })
    const { htm, htu, ath, bh } = claims
    assert.deepEqual([htm, htu, ath, bh], ['POST', path, sha256(communication), sha256(body)])
    assert.equal(path, '/mc/v1/clusters/east/leave')
    assert.equal(body, JSON.stringify({ kid: keys.primary.thumbprint }))
    assert.notEqual(claims['nonce'], (await opened(exchange.heartbeat.proof, keys.secondary.x)).claims['nonce'])
    const { iss, aud, reqh, status } = (await opened(exchange.leaveReply.reply, keys.primary.x)).claims
    const expected = [exchange.primaryUid, keys.secondary.thumbprint, sha256(proof), 'ok']
    assert.deepEqual([iss, aud, reqh, status], expected)
  })

  it('answers to another request are signed by the primary all the same, so that only their claims give them away', async () => {
    interface Refused {
      why: string
      message: string
    }
    const { results, replies } = read('refused-exchange.json') as Record<'results' | 'replies', Refused[]>
    const others = [...results, ...replies].filter(({ why }) => /^another (iss|aud|sub|cn|sn|reqh)$/.test(why))
    assert.equal(others.length, 9)
    for (const { why, message } of others) await assert.doesNotReject(opened(message, keys.primary.x), why)
  })

  it('a return names no join token, and is signed by the secondary alone', async () => {
    const { now, random, challengeRequest, challengeAnswer, joinRequest } = read('return.json') as ReturnVector
    const { jkt, cn } = challengeRequest
    assert.deepEqual(challengeRequest, { v: 1, tid: null, jkt, cn, kid: keys.primary.thumbprint })
    const challenge = (await opened(challengeAnswer.challenge, keys.primary.x)).claims
    const sn = nonceOf([exchange.primaryUid, null, jkt, cn], now, bytes(random.sn))
    assert.deepEqual([challenge['tid'], challenge['sn']], [null, sn])
    const { header, claims } = await opened(joinRequest.request, keys.secondary.x)
    assert.deepEqual(header, {
      alg: 'Ed25519',
      typ: 'mcj-join+jwt',
      jwk: { kty: 'OKP', crv: 'Ed25519', x: keys.secondary.x },
    })
    const member = (await opened(joinRequest.token, keys.primary.x)).claims
    const { tid, name, iss, sub, aud, cn: echoed } = claims
    assert.deepEqual([tid, name, aud, echoed, claims['sn']], [null, member['sub'], exchange.primaryUid, cn, sn])
    assert.deepEqual([sub, { jkt: iss }], [member['uid'], member['cnf']])
  })

  it('the hash of mc-join is that of the canonical JSON', () => {
    type Data = Record<string, string> | null
    const sorted = (data: Data) =>
      data === null ? null : Object.entries(data).toSorted(([a], [b]) => (a < b ? -1 : 1))
    const cases = read('mc-join-hash.json') as { secret: Data; config: Data; retry: string | null; hash: string }[]
    for (const { secret, config, retry, hash } of cases) {
      const canonical = [
        ['mc-join', sorted(secret)],
        ['mc-join-config', sorted(config)],
        ['retry', retry],
      ]
      assert.equal(createHash('sha256').update(JSON.stringify(canonical)).digest('hex'), hash)
    }
  })

  it('the hash of mc-join is over one way of writing JSON', () => {
    const cases = read('mc-join-hash.json') as { hash: string }[]
    const pairs = String.raw`["10","ten"],["9","nine"],["B","\"\\/\b\t\n\f\r\u0001` + '\u007f<é€😀"],["b",""]'
    const canonical = `[["mc-join",[["token","dA=="]]],["mc-join-config",[${pairs}]],["retry",null]]`
    assert.equal(cases.at(-1)?.hash, createHash('sha256').update(canonical).digest('hex'))
  })

  /** What ties every result to its request. */
  async function bindingOf(): Promise<Record<string, unknown>> {
    const { sn, cn } = (await opened(exchange.challengeAnswer.challenge, keys.primary.x)).claims
    return {
      iss: exchange.primaryUid,
      aud: keys.secondary.thumbprint,
      sub: exchange.secondaryUid,
      cn,
      sn,
      reqh: sha256(exchange.joinRequest.request),
    }
  }
})
