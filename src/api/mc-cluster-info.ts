/**
 * The Secret `mc-cluster-info`: what a joined secondary needs to talk to its primary, in the keys that users and other
 * programs read. All of it follows from the membership and the communication token; the join token is never in it.
 */
import { Redacted } from '../lib/redacted.ts'
import { publicKeyFrom, toPublicPem } from '../protocol/keys.ts'
import { decodeMembership, encodeMembership, type StoredMembership } from './membership.ts'
import { decodeSecretValue, encodeSecretData, type SecretData } from './secret-data.ts'

export const mcClusterInfoName = 'mc-cluster-info'

export interface ClusterInfo {
  readonly membership: StoredMembership
  /** For communication with the primary. */
  readonly token: Redacted<string>
}

/** Throws `ProtocolError` `Malformed` where the primary's key is none. */
export function encodeClusterInfo({ membership, token }: ClusterInfo): Record<string, string> {
  return encodeSecretData({
    primary: 'false',
    clusterName: membership.clusterName,
    endpoint: membership.endpoint,
    token: token.reveal(),
    primaryName: membership.primaryName,
    primaryPublicKey: toPublicPem(publicKeyFrom(membership.keys.current.x)),
    membership: encodeMembership(membership),
    primaryIngress: membership.dialect === 'second' ? (membership.primaryIngress ?? membership.endpoint) : undefined,
  })
}

/** Undefined where the Secret does not hold a whole membership. Never throws. */
export function decodeClusterInfo(data: SecretData | undefined): ClusterInfo | undefined {
  const membership = decodeMembership(decodeSecretValue(data, 'membership'))
  const token = decodeSecretValue(data, 'token') ?? ''
  return membership === undefined || !sendable.test(token) ? undefined : { membership, token: new Redacted(token) }
}

/** What may stand in a header. Anything else was not given by a primary, and would fail anew with every request. */
const sendable = /^[!-~]+$/
