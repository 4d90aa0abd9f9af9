/**
 * The join token: `mcj1.<header>.<secret>.<checksum>`. It pins the primary's key, names where the primary is, and
 * carries a secret that never leaves the two clusters: only a key derived from it signs.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { Redacted } from '../lib/redacted.ts'
import { fromBase64url, fromUtf8, hkdf, type RandomBytes, secureRandom, toBase64url } from './encoding.ts'
import { ProtocolError } from './errors.ts'
import * as field from './fields.ts'
import { type PublicKey, publicKeyFrom, type SigningKey, signingKeyFromSeed } from './keys.ts'
import { parseStrictJson } from './strict-json.ts'

const prefix = 'mcj1.'
const checksumLength = 6
/** Far above any real token (ten endpoints of 200 characters) and small enough to hash at once. */
export const maxTokenLength = 8192

const headerSchema = z.object({
  tid: field.tokenId,
  iss: field.clusterUid,
  pk: field.publicKeyText,
  ep: field.endpoints,
})

export interface JoinToken {
  /** Names the token on the primary; no secret. */
  readonly id: string
  /** UID of the primary's `kube-system` namespace. */
  readonly primaryUid: string
  readonly primaryKey: PublicKey
  readonly endpoints: readonly string[]
  /** The key that proves possession; derived from the whole token, so a changed header gives another key. */
  readonly key: SigningKey
}

export interface IssuedToken {
  readonly text: Redacted<string>
  readonly id: string
  /** What the primary stores: enough to verify a proof, useless to make one. */
  readonly publicKey: PublicKey
}

/**
 * Makes a token with 96 random bits of id and 256 of secret. Throws `RangeError` where the endpoints are so long that no
 * secondary would read it.
 */
export function issueToken(
  primary: { uid: string; key: PublicKey; endpoints: readonly string[] },
  random: RandomBytes = secureRandom,
): IssuedToken {
  const id = toBase64url(random(12))
  const secret = random(32)
  const header = toBase64url(JSON.stringify({ tid: id, iss: primary.uid, pk: primary.key.x, ep: primary.endpoints }))
  const body = `${prefix}${header}.${toBase64url(secret)}`
  const text = `${body}.${checksumOf(body)}`
  if (text.length > maxTokenLength) throw new RangeError('the endpoints are too long for a join token')
  // Imported anew, so that the private half ends here.
  return { text: new Redacted(text), id, publicKey: publicKeyFrom(tokenKey(header, secret).x) }
}

/**
 * Reads a token as a user pasted it. Throws `ProtocolError`: `TokenMalformed` with the fault in plain words,
 * `TokenChecksum` where the form is right and a character is wrong. Neither repeats any of the text.
 */
export function parseToken(text: string): JoinToken {
  if (text === '') throw malformed('the token in mc-join is empty')
  if (text.length > maxTokenLength)
    throw malformed(`the token in mc-join has ${text.length} characters; a join token is far shorter`)
  if (!text.startsWith(prefix)) throw malformed(wrongStart(text))
  const [header = '', secretText = '', checksum = '', ...rest] = text.slice(prefix.length).split('.')
  if (header === '' || secretText === '' || checksum.length < checksumLength)
    throw malformed('the token in mc-join is cut off')
  if (rest.length > 0 || checksum.length > checksumLength)
    throw malformed('the token in mc-join has something appended')
  if (checksumOf(`${prefix}${header}.${secretText}`) !== checksum) throw new ProtocolError('TokenChecksum')
  const secret = fromBase64url(secretText)
  if (secret?.length !== 32) throw malformed('the secret of the token in mc-join does not have 32 bytes')
  const claims = readHeader(header)
  let key: SigningKey | undefined
  return {
    id: claims.tid,
    primaryUid: claims.iss,
    primaryKey: readPrimaryKey(claims.pk),
    endpoints: claims.ep,
    // A member judges its token with every look and uses it once; the key is most of what reading one costs.
    get key() {
      key ??= tokenKey(header, secret)
      return key
    },
  }
}

/** A value encoded twice is not decoded: guessing would hide the mistake, and the next tool would trip over it. */
function wrongStart(text: string): string {
  const decoded = Buffer.from(text, 'base64').toString('latin1')
  return decoded.startsWith(prefix)
    ? 'the token in mc-join is base64-encoded twice'
    : 'the token in mc-join does not start with "mcj1."'
}

/** How a token is named in logs. */
export function maskedToken(id: string): string {
  return `mcj1:${id}:***`
}

function tokenKey(header: string, secret: Uint8Array): SigningKey {
  const headerHash = createHash('sha256').update(header).digest('base64url')
  return signingKeyFromSeed(hkdf(secret, `mcj1/token-key/${headerHash}`, 32))
}

/** Finds typing errors; no security rests on it. */
function checksumOf(body: string): string {
  return createHash('sha256').update(body).digest('base64url').slice(0, checksumLength)
}

function readHeader(header: string): z.infer<typeof headerSchema> {
  try {
    const bytes = fromBase64url(header)
    const json = bytes && fromUtf8(bytes)
    if (json === undefined) throw new SyntaxError('not base64url of text')
    return headerSchema.parse(parseStrictJson(json))
  } catch (error) {
    throw malformed('the header of the token in mc-join cannot be read', error)
  }
}

function readPrimaryKey(x: string): PublicKey {
  try {
    return publicKeyFrom(x)
  } catch (error) {
    throw malformed('the token in mc-join names no usable primary key', error)
  }
}

function malformed(what: string, cause?: unknown): ProtocolError {
  return new ProtocolError('TokenMalformed', what, { cause })
}
