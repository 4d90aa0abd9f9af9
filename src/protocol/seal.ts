/**
 * Seals the accepted result to the joiner's one-time key with NaCl box, so that whoever ends TLS on the way cannot read
 * the communication token. The only user of tweetnacl.
 */
import nacl from 'tweetnacl'
import { Redacted } from '../lib/redacted.ts'
import { fromBase64url, type RandomBytes, secureRandom, toBase64url } from './encoding.ts'
import { ProtocolError } from './errors.ts'

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

/** base64url(fresh public key ‖ nonce ‖ box). Throws `ProtocolError` `Malformed` for a key of small order. */
export function seal(message: string, recipient: string, random: RandomBytes = secureRandom): string {
  const theirs = fromBase64url(recipient)
  if (theirs?.length !== keyLength) throw new ProtocolError('Malformed', 'the exchange key is not 32 bytes')
  const mine = nacl.box.keyPair.fromSecretKey(new Uint8Array(random(keyLength)))
  const nonce = new Uint8Array(random(nonceLength))
  const box = nacl.box.after(Buffer.from(message), nonce, sharedKey(theirs, mine.secretKey))
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
  const message = nacl.box.open.after(box, nonce, sharedKey(theirs, key.secret.reveal()))
  if (message === null) throw new ProtocolError('Malformed', 'the sealed result cannot be opened')
  return Buffer.from(message).toString('utf8')
}

/** A public key of small order gives an all-zero shared secret, which everybody knows (RFC 7748 §6.1). */
function sharedKey(publicKey: Uint8Array, secretKey: Uint8Array): Uint8Array {
  if (nacl.scalarMult(secretKey, publicKey).every((byte) => byte === 0))
    throw new ProtocolError('Malformed', 'the exchange key has small order')
  return nacl.box.before(publicKey, secretKey)
}
