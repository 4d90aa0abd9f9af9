/**
 * Step 3 of the join for a member that its primary has forgotten, as one restored from a backup does. It has no token that
 * is good for a join: its request rests on the communication token, which the primary signed once for this very key.
 */
import { z } from 'zod'
import { ProtocolError } from './errors.ts'
import * as field from './fields.ts'
import {
  type Joiner,
  type RequestContext,
  requestClaims,
  requestShape,
  type UnverifiedRequest,
  type VerifiedRequest,
  verifyRequest,
} from './join-request.ts'
import { decodeJws, readClaims, signJws } from './jws.ts'
import { readMembershipToken } from './membership-token.ts'

/** `tid` is null, so that the request of a join can never be taken for this, and the other way round. */
const returnClaims = z.object({ ...requestShape, tid: z.null(), name: field.clusterName })

/** It asks for the name under which it was registered. */
export type ReturningJoiner = Joiner & { readonly name: string }

/** Secondary: signs the request of a return, by its own key alone. */
export async function signReturnRequest(joiner: ReturningJoiner, exchange: RequestContext): Promise<string> {
  const { v, iss, sub, aud, ...rest } = requestClaims(joiner, exchange)
  const claims: z.infer<typeof returnClaims> = { v, iss, sub, aud, tid: null, ...rest, name: joiner.name }
  return signJws(joiner.key, 'mcj-join+jwt', claims, { embedKey: true })
}

/** A return taken apart: nothing in it has been verified, the signature of the token neither. */
export interface UnverifiedReturn extends UnverifiedRequest {
  readonly tid: null
  /** The communication token that came with it. */
  readonly token: string
}

/**
 * Primary: takes a return apart, and holds the request against the token that came with it. Throws `ProtocolError`
 * `Malformed`, and `ProofInvalid` where the token was made for another cluster or key.
 */
export function decodeReturnRequest(request: string, token: string): UnverifiedReturn {
  const inner = decodeJws(request, 'mcj-join+jwt')
  const { iss, cn, sn, sub, name } = readClaims(inner, returnClaims)
  const membership = readMembershipToken(token)
  if (membership.sub !== name) throw new ProtocolError('Malformed', 'the request and the token name different clusters')
  if (membership.uid !== sub || membership.cnf.jkt !== iss)
    throw new ProtocolError('ProofInvalid', 'the token was made for another cluster or key')
  return { inner, tid: null, token, jkt: iss, cn, sn, sub }
}

/**
 * Primary: verifies that the request is signed by the key it names, for this primary; the token is for the caller to
 * verify. Throws `Malformed` for a weak key or wrong echoes, `ProofInvalid` for a wrong signature.
 */
export async function verifyReturnRequest(asked: UnverifiedReturn, primaryUid: string): Promise<VerifiedRequest> {
  return verifyRequest(asked.inner, returnClaims, primaryUid)
}
