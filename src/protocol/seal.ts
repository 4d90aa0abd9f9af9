/**
 * Seals the accepted result to the joiner's one-time key with NaCl box, so that whoever ends TLS on the way cannot read
 * the communication token. The only user of tweetnacl, for all of the box but the multiplication on the curve.
 */
import type { KeyObject } from 'node:crypto'
import nacl from 'tweetnacl'
import { Redacted } from '../lib/redacted.ts'
import { fromBase64url, type RandomBytes, secureRandom, toBase64url } from './encoding.ts'
import { ProtocolError } from './errors.ts'
import { assertExchangeKey } from './key-strength.ts'
import { exchangePublicKey, exchangeSecretFrom, sharedSecret } from './x25519.ts'

const keyLength = nacl.box.publicKeyLength
/** Salsa20's constant for keys of 32 bytes. */
const sigma = Buffer.from('expand 32-byte k')
type HSalsa20 = (out: Uint8Array, input: Uint8Array, key: Uint8Array, constant: Uint8Array) => number
/** tweetnacl exports its parts, and its types leave them out. */
const hsalsa20 = (nacl as unknown as { lowlevel: { crypto_core_hsalsa20: HSalsa20 } }).lowlevel.crypto_core_hsalsa20
const nonceLength = nacl.box.nonceLength

/** An X25519 key pair for one exchange; it lives in memory only. */
export interface ExchangeKey {
  /** Base64url of the 32 bytes of the public key. */
  readonly publicKey: string
  readonly secret: Redacted<Uint8Array>
}

export function generateExchangeKey(random: RandomBytes = secureRandom): ExchangeKey {
  const secret = new Uint8Array(random(keyLength))
  return { publicKey: exchangePublicKey(exchangeSecretFrom(secret)), secret: new Redacted(secret) }
}

/** base64url(fresh public key ‖ nonce ‖ box). Throws `ProtocolError` `Malformed` for a weak exchange key. */
export function seal(message: string, recipient: string, random: RandomBytes = secureRandom): string {
  assertExchangeKey(recipient)
  const mine = exchangeSecretFrom(random(keyLength))
  const nonce = new Uint8Array(random(nonceLength))
  const box = nacl.box.after(Buffer.from(message), nonce, boxKey(mine, recipient))
  return toBase64url(Buffer.concat([Buffer.from(exchangePublicKey(mine), 'base64url'), nonce, box]))
}

/** Opens what `seal` made. Throws `ProtocolError` `Malformed` for anything else. */
export function unseal(sealed: string, key: ExchangeKey): string {
  const bytes = fromBase64url(sealed)
  if (bytes === undefined || bytes.length < keyLength + nonceLength)
    throw new ProtocolError('Malformed', 'the sealed result is not well-formed')
  const theirs = toBase64url(bytes.subarray(0, keyLength))
  const nonce = bytes.subarray(keyLength, keyLength + nonceLength)
  const box = bytes.subarray(keyLength + nonceLength)
  // Also because X25519 ignores the top bit of a key: a changed message would open.
  assertExchangeKey(theirs)
  const message = nacl.box.open.after(box, nonce, boxKey(exchangeSecretFrom(key.secret.reveal()), theirs))
  if (message === null) throw new ProtocolError('Malformed', 'the sealed result cannot be opened')
  return Buffer.from(message).toString('utf8')
}

/** What `nacl.box.before` gives: HSalsa20 over the shared secret. */
function boxKey(secret: KeyObject, publicKey: string): Uint8Array {
  const key = new Uint8Array(nacl.box.sharedKeyLength)
  hsalsa20(key, new Uint8Array(16), sharedSecret(secret, publicKey), sigma)
  return key
}
