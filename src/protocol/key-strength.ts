/**
 * Judges 32 bytes that claim to be a public key, before anything is done with them. Both curves are over the same field
 * and have the same two traps: bytes that stand for a number of p or more (a second spelling of another key), and points
 * of small order, with which everybody knows the outcome. Makes and imports no key.
 */
import { fromBase64url } from './encoding.ts'
import { ProtocolError } from './errors.ts'

const fieldPrime = 2n ** 255n - 19n
const keyLength = 32

/**
 * The y coordinates of the eight points of small order of Ed25519: 1, p−1, 0 and those of order eight. Under such a key
 * one signature "verifies" for every message; whether the library notices depends on the OpenSSL below it (3.0 does not).
 */
const smallOrderSigners = new Set([
  0n,
  1n,
  fieldPrime - 1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
])

/**
 * The u coordinates of the points of small order of Curve25519 and of its twist: 0, 1, p−1 and those of order eight. With
 * such a key the shared secret is all zeros (RFC 7748 §6.1).
 */
const smallOrderExchangers = new Set([
  0n,
  1n,
  fieldPrime - 1n,
  0x00b8495f16056286fdb1329ceb8d09da6ac49ff1fae35616aeb8413b7c7aebe0n,
  0x57119fd0dd4e22d8868e1c58c45c44045bef839c55b1d0b1248c50a3bc959c5fn,
])

/** Refuses an Ed25519 key (base64url) that is weak (RFC 8032 §5.1.3, §8.4). Throws `ProtocolError` `Malformed`. */
export function assertStrongKey(x: string): void {
  // The top bit is the sign of the other coordinate: either sign of a weak point is weak.
  const y = integerOf(x, 'a public key') & (2n ** 255n - 1n)
  assertStrong(y, smallOrderSigners, 'a public key')
}

/** Refuses an X25519 key (base64url) that is weak, or whose unused top bit is set. Throws `ProtocolError` `Malformed`. */
export function assertExchangeKey(key: string): void {
  assertStrong(integerOf(key, 'an exchange key'), smallOrderExchangers, 'an exchange key')
}

function integerOf(key: string, what: string): bigint {
  const bytes = fromBase64url(key)
  if (bytes?.length !== keyLength) throw new ProtocolError('Malformed', `${what} is not ${keyLength} bytes`)
  return BigInt(`0x${Buffer.from(bytes.toReversed()).toString('hex')}`)
}

function assertStrong(coordinate: bigint, smallOrder: ReadonlySet<bigint>, what: string): void {
  if (coordinate >= fieldPrime) throw new ProtocolError('Malformed', `${what} is not canonical`)
  if (smallOrder.has(coordinate)) throw new ProtocolError('Malformed', `${what} has small order`)
}
