/**
 * The Secret `mc-identity`: the key that a secondary proves itself with, for which cluster it was made, and the
 * membership that `mc-cluster-info` is repaired from.
 */
import { Redacted } from '../lib/redacted.ts'
import { annotations } from './group.ts'
import { type ClusterInfo, decodeClusterInfo } from './mc-cluster-info.ts'
import { encodeMembership } from './membership.ts'
import { decodeSecretValue, encodeSecretData, type SecretContent } from './secret-data.ts'

export const mcIdentityName = 'mc-identity'

export interface Identity {
  /** UID of the `kube-system` namespace it was made for; empty where the annotation is missing. */
  readonly clusterUid: string
  /** Ed25519, PKCS #8 PEM. */
  readonly privateKey: Redacted<string>
  /** Absent while this cluster is not a member. */
  readonly joined?: ClusterInfo
}

/** The annotations and the data to apply. */
export function encodeIdentity(identity: Identity): {
  annotations: Record<string, string>
  data: Record<string, string>
} {
  const { clusterUid, privateKey, joined } = identity
  return {
    annotations: { [annotations.clusterUid]: clusterUid },
    data: encodeSecretData({
      key: privateKey.reveal(),
      membership: joined === undefined ? undefined : encodeMembership(joined.membership),
      token: joined?.token.reveal(),
    }),
  }
}

/** Undefined where the Secret holds no key; a damaged membership counts as none. Never throws. */
export function decodeIdentity(secret: SecretContent): Identity | undefined {
  const key = decodeSecretValue(secret.data, 'key')
  if (key === undefined) return undefined
  const joined = decodeClusterInfo(secret.data)
  return {
    clusterUid: secret.metadata.annotations?.[annotations.clusterUid] ?? '',
    privateKey: new Redacted(key),
    ...(joined === undefined ? {} : { joined }),
  }
}
