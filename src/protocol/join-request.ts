/**
 * Step 3 of the join: the secondary's request, signed by its own key and again by the key of the token. The two
 * signatures are nested, because a general JWS with several passes when one of them is good.
 */
import { z } from 'zod'
import type { Challenge } from './challenge.ts'
import { protocolVersion } from './challenge.ts'
import { ProtocolError } from './errors.ts'
import * as field from './fields.ts'
import { decodeJws, embeddedKey, readClaims, signJws, type UnverifiedJws, verifySignature } from './jws.ts'
import { assertExchangeKey } from './key-strength.ts'
import type { PublicKey, SigningKey } from './keys.ts'
import type { JoinToken } from './token.ts'

export const joinBodySchema = z.object({
  request: field.compactJws,
  /** The communication token of a member that comes back: then the request is none of `mcj-auth+jws`. */
  token: field.compactJws.optional(),
  kid: field.thumbprint.optional(),
})
export const joinAnswerSchema = z.object({
  result: z
    .string()
    .min(1)
    .max(32 * 1024),
})

/** What every request says, whatever it rests on. */
export const requestShape = {
  v: z.literal(protocolVersion),
  iss: field.thumbprint,
  sub: field.clusterUid,
  aud: field.clusterUid,
  cn: field.clientNonce,
  sn: field.serverNonce,
  name: field.clusterName.optional(),
  epk: field.exchangeKey,
  k10: field.k10,
  versions: field.versions,
  iat: field.time,
} as const

const joinClaims = z.object({ ...requestShape, tid: field.tokenId })

export type JoinClaims = z.infer<typeof joinClaims>

/** What a secondary says of itself when it joins. */
export interface Joiner {
  readonly key: SigningKey
  /** UID of its `kube-system` namespace. */
  readonly uid: string
  /** The name it asks for; the primary makes one where it asks for none. */
  readonly name?: string | undefined
  readonly k10: field.K10
  readonly versions: field.Versions
}

/** The exchange that a request belongs to. `now` is ms since the epoch and only reported, never judged. */
export interface RequestContext {
  readonly challenge: Pick<Challenge, 'cn' | 'sn'>
  /** UID of the primary's `kube-system` namespace. */
  readonly primaryUid: string
  /** Public half of the one-time key that the acceptance is sealed to. */
  readonly exchangeKey: string
  readonly now: number
}

/** The claims of a request, all but what it rests on. */
export function requestClaims(joiner: Joiner, { challenge, primaryUid, exchangeKey, now }: RequestContext) {
  return {
    v: protocolVersion,
    iss: joiner.key.thumbprint,
    sub: joiner.uid,
    aud: primaryUid,
    cn: challenge.cn,
    sn: challenge.sn,
    ...(joiner.name === undefined ? {} : { name: joiner.name }),
    epk: exchangeKey,
    k10: joiner.k10,
    versions: joiner.versions,
    iat: Math.floor(now / 1000),
  } as const
}

/** Secondary: signs the request. */
export async function signJoinRequest(
  joiner: Joiner,
  { token, ...exchange }: Omit<RequestContext, 'primaryUid'> & { token: JoinToken },
): Promise<string> {
  const { v, iss, sub, aud, ...rest } = requestClaims(joiner, { ...exchange, primaryUid: token.primaryUid })
  const claims: JoinClaims = { v, iss, sub, aud, tid: token.id, ...rest }
  const inner = await signJws(joiner.key, 'mcj-join+jwt', claims, { embedKey: true })
  return signJws(token.key, 'mcj-auth+jws', inner, { kid: token.id })
}

/** A request taken apart: nothing in it has been verified, and only the nonce check and the echoes may look at it. */
export interface UnverifiedRequest {
  readonly inner: UnverifiedJws
  /** Null: it rests on no join token. */
  readonly tid: string | null
  /** The thumbprint that the request claims for its key. */
  readonly jkt: string
  readonly cn: string
  readonly sn: string
  readonly sub: string
}

export interface UnverifiedJoin extends UnverifiedRequest {
  readonly outer: UnverifiedJws
  readonly tid: string
}

/** A request whose signatures and echoes have been verified. */
export interface VerifiedRequest {
  readonly key: PublicKey
  readonly claims: Omit<JoinClaims, 'tid'> & { readonly tid: string | null }
}

/** Primary: takes a request apart by form and schema only. Throws `ProtocolError` `Malformed`. */
export function decodeJoinRequest(request: string): UnverifiedJoin {
  const outer = decodeJws(request, 'mcj-auth+jws')
  const inner = decodeJws(outer.payload, 'mcj-join+jwt')
  const { iss, tid, cn, sn, sub } = readClaims(inner, joinClaims)
  if (outer.header.kid !== tid) throw new ProtocolError('Malformed', 'the proof and the request name different tokens')
  return { outer, inner, tid, jkt: iss, cn, sn, sub }
}

/** Primary: verifies that whoever sent the request holds the token's secret. Throws `ProofInvalid`. */
export async function verifyTokenProof(join: UnverifiedJoin, tokenKey: PublicKey): Promise<void> {
  await verifySignature(join.outer, tokenKey)
}

/**
 * Primary: verifies that the request is signed by the key it names, for this primary. Throws `Malformed` for a weak key
 * or wrong echoes, `ProofInvalid` for a wrong signature.
 */
export async function verifyJoinRequest(join: UnverifiedJoin, primaryUid: string): Promise<VerifiedRequest> {
  return verifyRequest(join.inner, joinClaims, primaryUid)
}

/** The same for a request of any kind, whose claims have this schema. */
export async function verifyRequest(
  inner: UnverifiedJws,
  schema: z.ZodType<VerifiedRequest['claims']>,
  primaryUid: string,
): Promise<VerifiedRequest> {
  const key = embeddedKey(inner)
  await verifySignature(inner, key)
  const claims = readClaims(inner, schema)
  if (claims.iss !== key.thumbprint) throw new ProtocolError('Malformed', 'the request names another key than its own')
  if (claims.aud !== primaryUid) throw new ProtocolError('Malformed', 'the request is meant for another primary')
  // Here and not only when the answer is sealed: by then the Cluster would have been created.
  assertExchangeKey(claims.epk)
  return { key, claims }
}
