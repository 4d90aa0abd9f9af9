/**
 * The communication token: it names a membership and is worthless without the member's key (`cnf`, RFC 7800). It does
 * not expire; deleting the Cluster or rebinding its key ends it.
 */
import { z } from 'zod'
import { ProtocolError } from './errors.ts'
import * as field from './fields.ts'
import type { Issuer } from './issuer.ts'
import { decodeHeader, decodeJws, readClaims, signJws, verifySignature } from './jws.ts'
import { issuerNamed, type Keyring } from './keyring.ts'

const tokenClaims = z.object({
  iss: field.clusterUid,
  sub: field.clusterName,
  aud: z.literal('mc'),
  uid: field.clusterUid,
  cnf: z.object({ jkt: field.thumbprint }),
  iat: field.time,
})

export type MembershipClaims = z.infer<typeof tokenClaims>

/** Primary: names the membership of a cluster; `now` is ms since the epoch. */
export async function signMembershipToken(
  issuer: Issuer,
  member: { clusterName: string; uid: string; thumbprint: string },
  now: number,
): Promise<string> {
  const claims: MembershipClaims = {
    iss: issuer.uid,
    sub: member.clusterName,
    aud: 'mc',
    uid: member.uid,
    cnf: { jkt: member.thumbprint },
    iat: Math.floor(now / 1000),
  }
  return signJws(issuer.key, 'at+jwt', claims, { kid: issuer.key.thumbprint })
}

/** What a token says, unverified: it only tells which Cluster to look at. Throws `ProtocolError` `Malformed`. */
export function readMembershipToken(compact: string): MembershipClaims {
  return readClaims(decodeJws(compact, 'at+jwt'), tokenClaims)
}

/** Thumbprint of the key that a token says it is signed by, unverified. Throws `ProtocolError` `Malformed`. */
export function signerOfMembershipToken(compact: string): string | undefined {
  return decodeHeader(compact, 'at+jwt').kid
}

/**
 * Whether this primary signed a token, with any key that it still holds; it matters only where the Cluster alone does not
 * settle who asks.
 */
export async function isGenuineToken(keyring: Keyring, compact: string): Promise<boolean> {
  try {
    const jws = decodeJws(compact, 'at+jwt')
    const issuer = issuerNamed(keyring, jws.header.kid)
    if (issuer === undefined) return false
    await verifySignature(jws, issuer.key)
    return true
  } catch (error) {
    if (error instanceof ProtocolError) return false
    throw error
  }
}
