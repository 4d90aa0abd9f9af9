/**
 * Seals the accepted result to the joiner's one-time key with NaCl box, so that whoever ends TLS on the way cannot read
 * the communication token. The only user of tweetnacl.
 */
import nacl from 'tweetnacl'
import { Redacted } from '../lib/redacted.ts'
import { fromBase64url, type RandomBytes, secureRandom, toBase64url } from './encoding.ts'
import { ProtocolError } from './errors.ts'
import { assertExchangeKey } from './key-strength.ts'

const keyLength = nacl.box.publicKeyLength
const nonceLength = nacl.box.nonceLength

/** An X25519 key pair for one exchange; it lives in memory only. */
export interface ExchangeKey {
  /** Base64url of the 32 bytes of the public key. */
  readonly publicKey: string
  readonly secret: Redacted<Uint8Array>
}

export function generateExchangeKey(random: RandomBytes = secureRandom): ExchangeKey {
  const pair = nacl.box.keyPair.fromSecretKey(new Uint8Array(random(keyLength)))
  return { publicKey: toBase64url(pair.publicKey), secret: new Redacted(pair.secretKey) }
}

/** base64url(fresh public key ‖ nonce ‖ box). Throws `ProtocolError` `Malformed` for a weak exchange key. */
export function seal(message: string, recipient: string, random: RandomBytes = secureRandom): string {
  assertExchangeKey(recipient)
  const mine = nacl.box.keyPair.fromSecretKey(new Uint8Array(random(keyLength)))
  const nonce = new Uint8Array(random(nonceLength))
  const box = nacl.box(Buffer.from(message), nonce, Buffer.from(recipient, 'base64url'), mine.secretKey)
  return toBase64url(Buffer.concat([mine.publicKey, nonce, box]))
}

/** Opens what `seal` made. Throws `ProtocolError` `Malformed` for anything else. */
export function unseal(sealed: string, key: ExchangeKey): string {
  const bytes = fromBase64url(sealed)
  if (bytes === undefined || bytes.length < keyLength + nonceLength)
    throw new ProtocolError('Malformed', 'the sealed result is not well-formed')
  const theirs = bytes.subarray(0, keyLength)
  const nonce = bytes.subarray(keyLength, keyLength + nonceLength)
  const box = bytes.subarray(keyLength + nonceLength)
  // Also because X25519 ignores the top bit of a key: a changed message would open.
  assertExchangeKey(toBase64url(theirs))
  const message = nacl.box.open(box, nonce, theirs, key.secret.reveal())
  if (message === null) throw new ProtocolError('Malformed', 'the sealed result cannot be opened')
  return Buffer.from(message).toString('utf8')
}
