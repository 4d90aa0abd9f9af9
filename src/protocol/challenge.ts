/**
 * Steps 1 and 2 of the join: the secondary asks, the primary signs a challenge. Both sides' halves; no HTTP, no
 * Kubernetes. The answer is the same for a known and an unknown token id, so that asking teaches nothing.
 */
import { z } from 'zod'
import { believed } from './answer.ts'
import { type RandomBytes, secureRandom, toBase64url } from './encoding.ts'
import { ProtocolError } from './errors.ts'
import * as field from './fields.ts'
import type { Issuer } from './issuer.ts'
import { signJws, verifyJws } from './jws.ts'
import type { PublicKey } from './keys.ts'
import { createNonce, joinContext, joinNonceLifetime } from './nonce.ts'

/** The version of the protocol that this code speaks. */
export const protocolVersion = 1

export const challengeRequestSchema = z.object({
  v: z.literal(protocolVersion),
  /** Null where a member that its primary has forgotten comes back with its membership. */
  tid: field.tokenId.nullable(),
  jkt: field.thumbprint,
  cn: field.clientNonce,
  kid: field.thumbprint.optional(),
})

export const challengeAnswerSchema = z.object({ challenge: field.compactJws })

const challengeClaims = z.object({
  iss: field.clusterUid,
  aud: z.literal('mcj-join'),
  tid: field.tokenId.nullable(),
  jkt: field.thumbprint,
  cn: field.clientNonce,
  sn: field.serverNonce,
  spki: z.array(field.hash).max(16),
  iat: field.time,
  exp: field.time,
  caps: z.array(field.freeText).max(32),
  minV: z.int().positive(),
})

export type ChallengeRequest = z.infer<typeof challengeRequestSchema>
export type Challenge = z.infer<typeof challengeClaims>

/** Secondary: the first message of an exchange, with a fresh nonce of 16 random bytes. */
export function askForChallenge(
  asker: { tokenId: string | null; primaryKey: PublicKey; thumbprint: string },
  random: RandomBytes = secureRandom,
): ChallengeRequest {
  return {
    v: protocolVersion,
    tid: asker.tokenId,
    jkt: asker.thumbprint,
    cn: toBase64url(random(16)),
    kid: asker.primaryKey.thumbprint,
  }
}

/** Primary: the signed challenge. `spki` are the SHA-256 of the TLS leaf keys it vouches for; `now` is ms. */
export async function signChallenge(
  issuer: Issuer,
  request: ChallengeRequest,
  options: { spki: readonly string[]; now: number; random?: RandomBytes },
): Promise<string> {
  const { tid, jkt, cn } = request
  const iat = Math.floor(options.now / 1000)
  const sn = createNonce(issuer.nonceKey, joinContext(issuer.uid, request), options.now, options.random)
  const claims: Challenge = {
    iss: issuer.uid,
    aud: 'mcj-join',
    tid,
    jkt,
    cn,
    sn,
    spki: [...options.spki],
    iat,
    exp: iat + joinNonceLifetime / 1000,
    caps: [],
    minV: protocolVersion,
  }
  return signJws(issuer.key, 'mcj-challenge+jwt', claims, { kid: issuer.key.thumbprint })
}

/**
 * Secondary: believes a challenge only if the key that the token names signed it, for this very request. Its dates are
 * not judged: only the primary's clock decides. Throws `PrimaryKeyMismatch`, `NotOurServer` or `VersionTooOld`.
 */
export async function openChallenge(
  compact: string,
  expected: { request: ChallengeRequest; primaryUid: string; primaryKey: PublicKey },
): Promise<Challenge> {
  const claims = await believed(
    verifyJws(compact, { typ: 'mcj-challenge+jwt', key: expected.primaryKey, claims: challengeClaims }),
  )
  const { request } = expected
  const echoes = claims.tid === request.tid && claims.jkt === request.jkt && claims.cn === request.cn
  if (!echoes || claims.iss !== expected.primaryUid)
    throw new ProtocolError('NotOurServer', 'the answer to the challenge request belongs to another exchange')
  if (claims.minV > protocolVersion)
    throw new ProtocolError('VersionTooOld', `the primary asks for protocol version ${claims.minV} or newer`)
  return claims
}
