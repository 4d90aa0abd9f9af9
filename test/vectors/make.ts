/**
 * Makes the test vectors of `mcj/1` from fixed inputs: `node test/vectors/make.ts` writes the JSON files beside this one.
 * They are what a second implementation is tested with, so every random byte and every key is in them.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { joinHash } from '../../src/api/mc-join.ts'
import { type SigningKey, seedOf } from '../../src/protocol/keys.ts'
import { createNonce, joinContext, memberContext } from '../../src/protocol/nonce.ts'
import { issueToken, parseToken } from '../../src/protocol/token.ts'
import { exchangeVector } from './exchange.ts'
import {
  base64url,
  bytesOf,
  encode,
  endpoint,
  hex,
  inOrder,
  issuer,
  now,
  primary,
  primaryUid,
  replaceAt,
  secondary,
} from './inputs.ts'
import { refusedVector } from './refused.ts'
import { refusedExchangeVector } from './refused-exchange.ts'
import { rekeyVector } from './rekey.ts'
import { returnVector } from './return.ts'

/** File name to content. */
export type Vectors = Readonly<Record<string, object>>

export async function makeVectors(): Promise<Vectors> {
  const token = tokenVector()
  const exchange = await exchangeVector(token.text)
  return {
    'keys.json': keysVector(),
    'token.json': token,
    'nonce.json': nonceVector(),
    'exchange.json': exchange,
    'rekey.json': await rekeyVector(exchange),
    'mc-join-hash.json': hashVector(),
    'refused.json': refusedVector(),
    'refused-exchange.json': refusedExchangeVector(exchange),
    'return.json': await returnVector(),
  }
}

function keysVector() {
  const describe = (key: SigningKey) => ({
    seed: hex(seedOf(key)),
    x: key.x,
    jwk: { kty: 'OKP', crv: 'Ed25519', x: key.x },
    thumbprint: key.thumbprint,
  })
  return {
    primary: { ...describe(primary), nonceKey: hex(issuer.nonceKey.secret.reveal().export()) },
    secondary: describe(secondary),
  }
}

function tokenVector() {
  const [id, secret] = [bytesOf('token id', 12), bytesOf('token secret', 32)]
  const issued = issueToken({ uid: primaryUid, key: primary, endpoints: [endpoint] }, inOrder(id, secret))
  const text = issued.text.reveal()
  const [, header = '', , checksum = ''] = text.split('.')
  return {
    id: hex(id),
    secret: hex(secret),
    iss: primaryUid,
    pk: primary.x,
    ep: [endpoint],
    headerJson: Buffer.from(header, 'base64url').toString(),
    header,
    checksum,
    text,
    tid: issued.id,
    keySeed: hex(seedOf(parseToken(text).key)),
    publicKey: issued.publicKey.x,
    refused: {
      TokenChecksum: [replaceAt(text, 8, 'A'), replaceAt(text, text.length - 1, text.endsWith('A') ? 'B' : 'A')],
      TokenMalformed: [
        '',
        text.slice(0, -1),
        `${text}A`,
        `${text}.A`,
        text.slice(5),
        Buffer.from(text).toString('base64'),
        text.toUpperCase(),
      ],
    },
  }
}

function nonceVector() {
  const key = issuer.nonceKey
  const made = [
    {
      name: 'join',
      context: joinContext(primaryUid, {
        tid: base64url('nonce tid', 12),
        jkt: secondary.thumbprint,
        cn: base64url('nonce cn', 16),
      }),
    },
    { name: 'member', context: memberContext(primaryUid, secondary.thumbprint) },
  ].map(({ name, context }) => {
    const random = bytesOf(`nonce ${name}`, 16)
    return { name, context, time: now, random: hex(random), nonce: createNonce(key, context, now, inOrder(random)) }
  })
  const [first] = made
  const lifetime = 60_000
  const good = { context: first?.context, nonce: first?.nonce, now, lifetime }
  return {
    nonceKey: hex(key.secret.reveal().export()),
    made,
    accepted: [good, { ...good, now: now + lifetime }, { ...good, now: now - 5_000 }],
    refused: [
      { why: 'a millisecond too old', ...good, now: now + lifetime + 1 },
      { why: 'from further ahead than clocks may differ', ...good, now: now - 5_001 },
      { why: 'made for another purpose', ...good, context: made[1]?.context },
      {
        why: 'a character changed',
        ...good,
        nonce: replaceAt(first?.nonce ?? '', 40, first?.nonce[40] === 'A' ? 'B' : 'A'),
      },
      { why: 'cut off', ...good, nonce: first?.nonce.slice(0, -2) },
    ],
  }
}

/** Characters that must be escaped, and others that must not be. */
const awkwardText = '"\\/\b\t\n\f\r\u0001\u007f<é€😀'

function hashVector() {
  const secret = { token: encode('mcj1.a.b.c'), endpoint: encode(endpoint) }
  const config = { 'cluster-name': 'east', 'primary-ingress': endpoint }
  const cases = [
    { secret, config: null, retry: null },
    { secret, config, retry: null },
    { secret, config, retry: 'again' },
    { secret: null, config, retry: null },
    { secret: null, config: null, retry: null },
    { secret: {}, config: {}, retry: '' },
    // Keys that look like numbers, and every kind of character that JSON may escape.
    { secret: { token: encode('t') }, config: { b: '', B: awkwardText, 10: 'ten', 9: 'nine' }, retry: null },
  ]
  return cases.map((given) => ({
    ...given,
    hash: joinHash(given.secret ?? undefined, given.config ?? undefined, given.retry ?? undefined),
  }))
}

/** As the files hold it. */
export function formatVector(vector: object): string {
  return `${JSON.stringify(vector, null, 2)}\n`
}

if (import.meta.main)
  for (const [name, vector] of Object.entries(await makeVectors()))
    writeFileSync(join(import.meta.dirname, name), formatVector(vector))
