/** What a member's request claims, before anybody has looked whether it is so. */
import { ProtocolError } from '../../protocol/errors.ts'
import { readMembershipToken } from '../../protocol/membership-token.ts'

export interface Claim {
  /** What the communication token says; where the cached Cluster does not settle it, the primary's key has signed it. */
  readonly uid: string
  readonly tokenKeyId: string
  /** Thumbprint of the key that signed the proof of possession. */
  readonly keyId: string
}

/** Throws `Malformed` where the communication token is of another cluster than the path. */
export function readClaim(
  { clusterName, token }: { readonly clusterName: string; readonly token: string },
  keyId: string,
): Claim {
  const claims = readMembershipToken(token)
  if (claims.sub !== clusterName) throw new ProtocolError('Malformed', 'the path names another cluster than the token')
  return { uid: claims.uid, tokenKeyId: claims.cnf.jkt, keyId }
}
