/**
 * Ed25519 keys: making, importing and naming them. The one gate through which a public key enters: it passes the check of
 * `key-strength.ts` first. Signing and verifying are in `jws.ts`.
 */
import { createHash, createPrivateKey, type KeyObject, type webcrypto } from 'node:crypto'
import { type RandomBytes, secureRandom } from './encoding.ts'
import { assertStrongKey } from './key-strength.ts'

/** A public key that has passed the strength check. */
export interface PublicKey {
  /** The 32 bytes of RFC 8032, base64url: how the key is written in claims and objects. */
  readonly x: string
  /** RFC 7638 thumbprint with SHA-256, base64url: the key's name, `kid` and `jkt`. */
  readonly thumbprint: string
}

export interface SigningKey extends PublicKey {
  readonly private: KeyObject
}

/** A public key in a JOSE header (RFC 8037 §2). */
export interface Ed25519Jwk {
  readonly kty: 'OKP'
  readonly crv: 'Ed25519'
  readonly x: string
}

/** DER of a PKCS #8 Ed25519 private key (RFC 8410 §7) up to its 32-byte seed. */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
/** DER of an Ed25519 public key (RFC 8410 §4) up to its 32 bytes. */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')

export function generateSigningKey(random: RandomBytes = secureRandom): SigningKey {
  return signingKeyFromSeed(random(32))
}

/** The key of a 32-byte seed (RFC 8032 §5.1.5). Throws `RangeError` for another length. */
export function signingKeyFromSeed(seed: Uint8Array): SigningKey {
  if (seed.length !== 32) throw new RangeError('an Ed25519 seed has 32 bytes')
  return fromPrivate(createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' }))
}

/** Reads a PKCS #8 PEM. Throws an error without the key's content for what is not an Ed25519 private key. */
export function signingKeyFromPem(pem: string): SigningKey {
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch {
    throw new TypeError('not a PEM private key')
  }
  if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('not an Ed25519 private key')
  return fromPrivate(key)
}

/** PKCS #8 PEM; a secret. */
export function toPrivatePem(key: SigningKey): string {
  return key.private.export({ type: 'pkcs8', format: 'pem' }) as string
}

/** The 32-byte seed; a secret. */
export function seedOf(key: SigningKey): Buffer {
  const der = key.private.export({ type: 'pkcs8', format: 'der' })
  return der.subarray(pkcs8Prefix.length)
}

/** SPKI PEM, the form that users read. Put together: OpenSSL takes ten times as long for the same 44 bytes. */
export function toPublicPem({ x }: PublicKey): string {
  const spki = Buffer.concat([spkiPrefix, Buffer.from(x, 'base64url')])
  return `-----BEGIN PUBLIC KEY-----\n${spki.toString('base64')}\n-----END PUBLIC KEY-----\n`
}

export function toJwk(key: PublicKey): Ed25519Jwk {
  return { kty: 'OKP', crv: 'Ed25519', x: key.x }
}

/** Takes a public key in after the strength check. Throws `ProtocolError` `Malformed`. */
export function publicKeyFrom(x: string): PublicKey {
  assertStrongKey(x)
  return { x, thumbprint: thumbprintOf(x) }
}

/** The key as jose verifies with it. WebCrypto imports one in 5 µs, where a `KeyObject` takes ten times as long. */
export async function verifierOf({ x }: PublicKey): Promise<webcrypto.CryptoKey> {
  return crypto.subtle.importKey('raw', Buffer.from(x, 'base64url'), 'Ed25519', false, ['verify'])
}

/** RFC 7638 §3.2 and RFC 8037 §2: the required members in lexical order, nothing else. */
export function thumbprintOf(x: string): string {
  return createHash('sha256').update(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`).digest('base64url')
}

function fromPrivate(key: KeyObject): SigningKey {
  const x = key.export({ format: 'jwk' }).x as string
  return { x, thumbprint: thumbprintOf(x), private: key }
}
