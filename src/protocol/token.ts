/**
 * The join token: `mcj1.<header>.<secret>.<checksum>`. It pins the primary's key, names where the primary is, and
 * carries a secret that never leaves the two clusters: only a key derived from it signs.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { Redacted } from '../lib/redacted.ts'
import { fromBase64url, hkdf, type RandomBytes, secureRandom, toBase64url } from './encoding.ts'
import { ProtocolError } from './errors.ts'
import { type PublicKey, publicKeyFrom, type SigningKey, signingKeyFromSeed } from './keys.ts'
import { parseStrictJson } from './strict-json.ts'

const prefix = 'mcj1.'
const checksumLength = 6
/** Far above any real token (ten endpoints of 200 characters) and small enough to hash at once. */
const maxLength = 8192

const headerSchema = z.object({
  tid: z.string().regex(/^[A-Za-z0-9_-]{16}$/),
  iss: z.string().min(1).max(64),
  pk: z.string().length(43),
  ep: z.array(z.string().min(1).max(2048)).max(10),
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

/** Makes a token with 96 random bits of id and 256 of secret. */
export function issueToken(
  primary: { uid: string; key: PublicKey; endpoints: readonly string[] },
  random: RandomBytes = secureRandom,
): IssuedToken {
  const id = toBase64url(random(12))
  const secret = random(32)
  const header = toBase64url(JSON.stringify({ tid: id, iss: primary.uid, pk: primary.key.x, ep: primary.endpoints }))
  const body = `${prefix}${header}.${toBase64url(secret)}`
  return {
    text: new Redacted(`${body}.${checksumOf(body)}`),
    id,
    publicKey: tokenKey(header, secret),
  }
}

/**
 * Reads a token as a user pasted it. Throws `ProtocolError`: `TokenMalformed` with the fault in plain words,
 * `TokenChecksum` where the form is right and a character is wrong. Neither repeats any of the text.
 */
export function parseToken(text: string): JoinToken {
  if (text === '') throw malformed('the token in mc-join is empty')
  if (text.length > maxLength)
    throw malformed(`the token in mc-join has ${text.length} characters; a join token is far shorter`)
  if (!text.startsWith(prefix)) throw malformed('the token in mc-join does not start with "mcj1."')
  const [header = '', secretText = '', checksum = '', ...rest] = text.slice(prefix.length).split('.')
  if (header === '' || secretText === '' || checksum.length < checksumLength)
    throw malformed('the token in mc-join is cut off')
  if (rest.length > 0 || checksum.length > checksumLength)
    throw malformed('the token in mc-join has something appended')
  if (checksumOf(`${prefix}${header}.${secretText}`) !== checksum) throw new ProtocolError('TokenChecksum')
  const secret = fromBase64url(secretText)
  if (secret?.length !== 32) throw malformed('the secret of the token in mc-join does not have 32 bytes')
  const claims = readHeader(header)
  return {
    id: claims.tid,
    primaryUid: claims.iss,
    primaryKey: readPrimaryKey(claims.pk),
    endpoints: claims.ep,
    key: tokenKey(header, secret),
  }
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
    if (bytes === undefined) throw new SyntaxError('not base64url')
    return headerSchema.parse(parseStrictJson(bytes.toString('utf8')))
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
