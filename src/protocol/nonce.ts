/**
 * Nonces that the primary can recognise without having stored them: a time, randomness and an HMAC over what the nonce
 * was made for. The HMAC key is derived from the primary's key, so that every replica recognises every nonce.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { Redacted } from '../lib/redacted.ts'
import { fromBase64url, hkdf, type RandomBytes, secureRandom, toBase64url } from './encoding.ts'
import { ProtocolError } from './errors.ts'
import { type SigningKey, seedOf } from './keys.ts'

/** What a nonce is good for; a JSON array, so that no two purposes can be the same text. */
export type NonceContext = readonly (string | null)[]

export interface NonceKey {
  /** Imported once: to import 32 bytes takes five times as long as the HMAC. */
  readonly secret: Redacted<KeyObject>
}

const timeLength = 8
const randomLength = 16
const tagLength = 16
const nonceLength = timeLength + randomLength + tagLength
/** How far a replica's clock may lie behind that of the one which made the nonce, milliseconds. */
export const clockTolerance = 5_000

/** How long a challenge may be answered, milliseconds. */
export const joinNonceLifetime = 60_000

export function nonceKeyOf(primary: SigningKey): NonceKey {
  return { secret: new Redacted(createSecretKey(hkdf(seedOf(primary), 'mcj1/nonce-key', 32))) }
}

/** What a challenge's nonce is bound to. */
export function joinContext(iss: string, exchange: { tid: string | null; jkt: string; cn: string }): NonceContext {
  return [iss, exchange.tid, exchange.jkt, exchange.cn]
}

/** What a member's nonce is bound to: it serves only the key it was given to. */
export function memberContext(iss: string, jkt: string): NonceContext {
  return ['member', iss, jkt]
}

/** Makes a nonce at `now` (ms since the epoch). */
export function createNonce(
  key: NonceKey,
  context: NonceContext,
  now: number,
  random: RandomBytes = secureRandom,
): string {
  const head = Buffer.alloc(timeLength)
  head.writeBigUInt64BE(BigInt(now))
  const rand = random(randomLength)
  return toBase64url(Buffer.concat([head, rand, tagOf(key, context, now, rand)]))
}

/**
 * Returns when the nonce was made (ms since the epoch). Throws `ProtocolError` `NonceInvalid` where it was made by none of
 * these keys for this context, or its age is outside −5 s…`lifetime` ms. Costs an HMAC for each key and no signature.
 */
export function verifyNonce(
  keys: readonly NonceKey[],
  context: NonceContext,
  nonce: string,
  limits: { now: number; lifetime: number },
): number {
  const bytes = fromBase64url(nonce)
  if (bytes?.length !== nonceLength) throw new ProtocolError('NonceInvalid', 'the nonce is not well-formed')
  const madeAt = Number(bytes.readBigUInt64BE(0))
  const rand = bytes.subarray(timeLength, timeLength + randomLength)
  const tag = bytes.subarray(timeLength + randomLength)
  if (!keys.some((key) => timingSafeEqual(tag, tagOf(key, context, madeAt, rand))))
    throw new ProtocolError('NonceInvalid', 'the nonce was not made for this exchange')
  const age = limits.now - madeAt
  if (age < -clockTolerance)
    throw new ProtocolError(
      'NonceInvalid',
      `the nonce was made in the future: the clocks of two replicas differ by more than ${clockTolerance / 1_000} s`,
    )
  if (age > limits.lifetime) throw new ProtocolError('NonceInvalid', 'the nonce is too old')
  return madeAt
}

function tagOf(key: NonceKey, context: NonceContext, time: number, rand: Uint8Array): Buffer {
  const text = JSON.stringify([...context, time, toBase64url(rand)])
  return createHmac('sha256', key.secret.reveal()).update(text).digest().subarray(0, tagLength)
}
