/** What a secondary is to its primary: its key, and its membership where it has one. Holds secrets; stores nothing. */
import type { ClusterInfo } from '../../api/mc-cluster-info.ts'
import type { SigningKey } from '../../protocol/keys.ts'

export interface OwnIdentity {
  readonly key: SigningKey
  /** Absent while this cluster is not a member. */
  readonly joined?: ClusterInfo
}
