/**
 * Compact JWS (RFC 7515), one way in and one way out. A verifier accepts exactly one `typ` (BCP 225), exactly
 * `alg: Ed25519` (RFC 9864), and no header member beside `alg`, `typ`, `kid` and `jwk`.
 */
import { CompactSign, compactVerify } from 'jose'
import { z } from 'zod'
import { fromBase64url, fromUtf8 } from './encoding.ts'
import { ProtocolError } from './errors.ts'
import { type Ed25519Jwk, type PublicKey, publicKeyFrom, type SigningKey, toJwk, verifierOf } from './keys.ts'
import { parseStrictJson } from './strict-json.ts'

/** Every kind of message, so that none can be taken for another. */
export type MessageType =
  | 'mcj-challenge+jwt'
  | 'mcj-auth+jws'
  | 'mcj-join+jwt'
  | 'mcj-result+jwt'
  | 'mcj-reply+jwt'
  | 'mcj-rekey+jwt'
  | 'mcj-key+jwt'
  | 'at+jwt'
  | 'dpop+jwt'

const algorithm = 'Ed25519'
/** Signed by a key of a secondary's own, which comes with the message. Every other key the reader knows already. */
const carriesKey: ReadonlySet<MessageType> = new Set<MessageType>(['mcj-join+jwt', 'mcj-rekey+jwt', 'dpop+jwt'])
/** The largest message, a join request inside its proof, stays under the 16 KiB of a body. */
const maxLength = 16 * 1024

const headerSchema = z.strictObject({
  alg: z.literal(algorithm),
  typ: z.string().max(32),
  kid: z.string().max(64).optional(),
  jwk: z.strictObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string().length(43) }).optional(),
})

export interface JwsHeader {
  readonly typ: string
  readonly kid?: string | undefined
  readonly jwk?: Ed25519Jwk | undefined
}

/** A message taken apart; nothing in it has been verified. */
export interface UnverifiedJws {
  readonly header: JwsHeader
  readonly payload: string
  readonly compact: string
}

export interface SignOptions {
  readonly kid?: string
  /** Carry the signer's public key in the header: only what a secondary's own key signs may. */
  readonly embedKey?: boolean
}

/** Signs claims (an object becomes JSON, a text is taken as it is) as a compact JWS. */
export async function signJws(
  key: SigningKey,
  typ: MessageType,
  claims: object | string,
  options: SignOptions = {},
): Promise<string> {
  const payload = typeof claims === 'string' ? claims : JSON.stringify(claims)
  return new CompactSign(Buffer.from(payload))
    .setProtectedHeader({
      alg: algorithm,
      typ,
      ...(options.kid === undefined ? {} : { kid: options.kid }),
      ...(options.embedKey === true ? { jwk: { ...toJwk(key) } } : {}),
    })
    .sign(key.private)
}

/** Takes a compact JWS apart without verifying it. Throws `ProtocolError` `Malformed`. */
export function decodeJws(compact: string, typ: MessageType): UnverifiedJws {
  if (compact.length > maxLength) throw malformed('a signed message is too long')
  const parts = compact.split('.')
  const [header, payload, signature] = parts.map(fromBase64url)
  if (parts.length !== 3 || header === undefined || payload === undefined || signature?.length !== 64)
    throw malformed('a signed message is not a compact JWS')
  return { header: readHeader(header, typ), payload: textOf(payload), compact }
}

/** The header alone, for who does not look at the rest. Throws `ProtocolError` `Malformed`. */
export function decodeHeader(compact: string, typ: MessageType): JwsHeader {
  if (compact.length > maxLength) throw malformed('a signed message is too long')
  const header = fromBase64url(compact.slice(0, Math.max(compact.indexOf('.'), 0)))
  if (header === undefined) throw malformed('a signed message is not a compact JWS')
  return readHeader(header, typ)
}

function readHeader(header: Buffer, typ: MessageType): JwsHeader {
  const parsed = headerSchema.safeParse(parseJson(textOf(header)))
  if (!parsed.success) throw malformed('a signed message has a header that is not allowed')
  if (parsed.data.typ !== typ) throw malformed(`a signed message is not of type ${typ}`)
  if (parsed.data.jwk !== undefined && !carriesKey.has(typ))
    throw malformed(`a signed message of type ${typ} carries a key`)
  return parsed.data
}

/** Verifies the signature of one message. Throws `ProtocolError` `ProofInvalid`. */
export async function verifySignature(jws: UnverifiedJws, key: PublicKey): Promise<void> {
  try {
    await compactVerify(jws.compact, await verifierOf(key), { algorithms: [algorithm] })
  } catch (error) {
    throw new ProtocolError('ProofInvalid', 'a signature is not valid', { cause: error })
  }
}

/** Decodes, verifies and reads one message. Throws `ProtocolError` `Malformed` or `ProofInvalid`. */
export async function verifyJws<T>(
  compact: string,
  expected: { typ: MessageType; key: PublicKey; claims: z.ZodType<T> },
): Promise<T> {
  const jws = decodeJws(compact, expected.typ)
  await verifySignature(jws, expected.key)
  return readClaims(jws, expected.claims)
}

/** Reads the claims of a message by their schema. Throws `ProtocolError` `Malformed`. */
export function readClaims<T>(jws: UnverifiedJws, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(parseJson(jws.payload))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw malformed(`claim ${issue?.path.join('.') ?? ''} of a ${jws.header.typ} is not well-formed`)
  }
  return parsed.data
}

/** The key that a message carries in its own header, after the strength check. Throws `ProtocolError` `Malformed`. */
export function embeddedKey(jws: UnverifiedJws): PublicKey {
  if (jws.header.jwk === undefined) throw malformed('a signed message does not carry its key')
  return publicKeyFrom(jws.header.jwk.x)
}

function textOf(bytes: Buffer): string {
  const text = fromUtf8(bytes)
  if (text === undefined) throw malformed('a signed message is not UTF-8')
  return text
}

function parseJson(text: string): unknown {
  try {
    return parseStrictJson(text)
  } catch (error) {
    throw malformed('a signed message does not hold well-formed JSON', error)
  }
}

function malformed(what: string, cause?: unknown): ProtocolError {
  return new ProtocolError('Malformed', what, { cause })
}
