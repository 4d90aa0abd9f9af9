/** Bytes to text and back, and the two hashes of the protocol. Owns no message and no key. */
import { createHash, hkdfSync, randomBytes as nodeRandomBytes } from 'node:crypto'

/** A source of cryptographic randomness; a parameter so that test vectors can be rebuilt. */
export type RandomBytes = (length: number) => Uint8Array

export const secureRandom: RandomBytes = (length) => nodeRandomBytes(length)

/** Base64url without padding (RFC 7515 §2). */
export function toBase64url(bytes: Uint8Array | string): string {
  return Buffer.from(bytes as string).toString('base64url')
}

/**
 * Decodes base64url and returns undefined unless `text` is the one canonical encoding: Node's decoder skips foreign
 * characters and ignores trailing bits, so two different texts would otherwise be one message.
 */
export function fromBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Undefined for bytes that are not UTF-8: a lenient decoder reads many different ones as the same text. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** SHA-256, base64url: of the ASCII of a compact form, or of the bytes of a body. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('base64url')
}

/** HKDF-SHA256 (RFC 5869) with an empty salt. */
export function hkdf(inputKey: Uint8Array, info: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', inputKey, '', info, length))
}
