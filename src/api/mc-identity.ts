/**
 * The Secret `mc-identity`: the key that a secondary proves itself with, for which cluster it was made, the keys before
 * and after it, and the membership that `mc-cluster-info` is repaired from.
 */
import { Redacted } from '../lib/redacted.ts'
import { annotations } from './group.ts'
import { type ClusterInfo, decodeClusterInfo } from './mc-cluster-info.ts'
import { encodeMembership } from './membership.ts'
import { decodeSecretValue, encodeSecretData, type SecretContent } from './secret-data.ts'

export const mcIdentityName = 'mc-identity'

/** Where the keys beside the present one are. */
export const otherKeys = { next: 'next.key', previous: 'previous.key' } as const

/** Where the membership is that was left for the present one, as long as its primary does not know it. */
export const formerEntries = { membership: 'former.membership', token: 'former.token' } as const

export interface Identity {
  /** UID of the `kube-system` namespace it was made for; empty where the annotation is missing. */
  readonly clusterUid: string
  /** Ed25519, PKCS #8 PEM. */
  readonly privateKey: Redacted<string>
  /** The key that is to take its place, in the same form. */
  readonly nextKey?: Redacted<string>
  /** The key that it has taken the place of, in the same form. */
  readonly previousKey?: Redacted<string>
  /** The value of the annotation `rotate` that was taken up last. */
  readonly rotated?: string
  /** Absent while this cluster is not a member. */
  readonly joined?: ClusterInfo
  /** The membership of another primary that has not been told yet that this cluster is a member elsewhere. */
  readonly former?: ClusterInfo
}

/** The annotations and the data to apply. */
export function encodeIdentity(identity: Identity): {
  annotations: Record<string, string>
  data: Record<string, string>
} {
  const { clusterUid, privateKey, nextKey, previousKey, rotated, joined, former } = identity
  return {
    annotations: {
      [annotations.clusterUid]: clusterUid,
      ...(rotated === undefined ? {} : { [annotations.rotated]: rotated }),
    },
    data: encodeSecretData({
      key: privateKey.reveal(),
      [otherKeys.next]: nextKey?.reveal(),
      [otherKeys.previous]: previousKey?.reveal(),
      membership: joined === undefined ? undefined : encodeMembership(joined.membership),
      token: joined?.token.reveal(),
      [formerEntries.membership]: former === undefined ? undefined : encodeMembership(former.membership),
      [formerEntries.token]: former?.token.reveal(),
    }),
  }
}

/** Undefined where the Secret holds no key; a damaged membership counts as none. Never throws. */
export function decodeIdentity(secret: SecretContent): Identity | undefined {
  const key = decodeSecretValue(secret.data, 'key')
  if (key === undefined) return undefined
  const joined = decodeClusterInfo(secret.data)
  const nextKey = decodeSecretValue(secret.data, otherKeys.next)
  const previousKey = decodeSecretValue(secret.data, otherKeys.previous)
  const former = decodeFormer(secret.data)
  const rotated = secret.metadata.annotations?.[annotations.rotated]
  return {
    clusterUid: secret.metadata.annotations?.[annotations.clusterUid] ?? '',
    privateKey: new Redacted(key),
    ...(nextKey === undefined ? {} : { nextKey: new Redacted(nextKey) }),
    ...(previousKey === undefined ? {} : { previousKey: new Redacted(previousKey) }),
    ...(rotated === undefined ? {} : { rotated }),
    ...(joined === undefined ? {} : { joined }),
    ...(former === undefined ? {} : { former }),
  }
}

function decodeFormer(data: SecretContent['data']): ClusterInfo | undefined {
  const { [formerEntries.membership]: membership, [formerEntries.token]: token } = data ?? {}
  return membership === undefined || token === undefined ? undefined : decodeClusterInfo({ membership, token })
}
