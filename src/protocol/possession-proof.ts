/**
 * Proof of possession for each request of a member, after DPoP (RFC 9449): it signs the method, the path, the token, the
 * body and a nonce of the primary's. No clock of the member's is involved.
 */
import { z } from 'zod'
import { type RandomBytes, secureRandom, sha256, toBase64url } from './encoding.ts'
import { ProtocolError } from './errors.ts'
import * as field from './fields.ts'
import { decodeHeader, decodeJws, embeddedKey, readClaims, signJws, verifySignature } from './jws.ts'
import type { Keyring } from './keyring.ts'
import { type PublicKey, type SigningKey, thumbprintOf } from './keys.ts'
import { memberContext, verifyNonce } from './nonce.ts'

const proofClaims = z.object({
  htm: z.literal('POST'),
  htu: z.string().max(256),
  ath: field.hash,
  bh: field.hash,
  jti: field.freeText,
  nonce: field.serverNonce,
  boot: field.freeText,
})

/** The request that a proof belongs to. */
export interface ProvenRequest {
  /** The path from `/mc/v1/` on, so that a proxy's prefix does not matter. */
  readonly path: string
  readonly token: string
  /** The body exactly as sent. */
  readonly body: string | Uint8Array
}

/** What a verified proof says. */
export interface Possession {
  readonly key: PublicKey
  /** Names one run of the member's process; two that alternate mean a clone. */
  readonly boot: string
  /** When the primary made the nonce, ms since the epoch. */
  readonly nonceMadeAt: number
}

/** Secondary: proves possession of its key for one request. */
export async function signPossession(
  key: SigningKey,
  request: ProvenRequest,
  options: { nonce: string; boot: string; random?: RandomBytes },
): Promise<string> {
  const claims: z.infer<typeof proofClaims> = {
    htm: 'POST',
    htu: request.path,
    ath: sha256(request.token),
    bh: sha256(request.body),
    jti: toBase64url((options.random ?? secureRandom)(12)),
    nonce: options.nonce,
    boot: options.boot,
  }
  return signJws(key, 'dpop+jwt', claims, { embedKey: true })
}

/**
 * Primary: the thumbprint of the key that a proof says it is signed by, unverified and not even judged; only a nonce may be
 * made for it. Throws `Malformed`.
 */
export function claimedThumbprint(proof: string): string {
  const { jwk } = decodeHeader(proof, 'dpop+jwt')
  if (jwk === undefined) throw new ProtocolError('Malformed', 'a signed message does not carry its key')
  return thumbprintOf(jwk.x)
}

/**
 * Primary: verifies a proof, the cheap checks first. `lifetime` of the nonce is ms. Throws `NonceInvalid` where a fresh
 * nonce helps, `Malformed` and `ProofInvalid` where it does not.
 */
export async function verifyPossession(
  { uid, held }: Keyring,
  proof: string,
  request: ProvenRequest,
  limits: { now: number; lifetime: number },
): Promise<Possession> {
  const jws = decodeJws(proof, 'dpop+jwt')
  const key = embeddedKey(jws)
  const claims = readClaims(jws, proofClaims)
  const nonceKeys = held.map(({ nonceKey }) => nonceKey)
  const nonceMadeAt = verifyNonce(nonceKeys, memberContext(uid, key.thumbprint), claims.nonce, limits)
  await verifySignature(jws, key)
  const matches =
    claims.htu === request.path && claims.ath === sha256(request.token) && claims.bh === sha256(request.body)
  if (!matches) throw new ProtocolError('ProofInvalid', 'the proof belongs to another request')
  return { key, boot: claims.boot, nonceMadeAt }
}
