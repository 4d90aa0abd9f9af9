/**
 * What speaks for two clusters with one identity, in the words that a Cluster shows, and for how long that is shown: until
 * another key is in use. Pure; who notices it, and who writes it, is elsewhere.
 */
import type { Cluster } from '../../api/cluster.ts'
import type { ClusterConditionType, ClusterVerdict } from '../../api/conditions.ts'

export type Suspicion = Extract<ClusterVerdict, { type: 'CloneSuspected' }>

const type = 'CloneSuspected' satisfies ClusterConditionType
const rotate = 'run `kubectl conjoin rotate member` on the one that is to stay'

export const suspicions = {
  /** `otherUid`: of the cluster that asked. */
  sameKeyOtherUid: (otherUid: string): Suspicion =>
    suspicion(
      'SameKeyOtherUid',
      `the cluster with the uid ${otherUid} has asked to join with the key of this one and was refused; if its Secret mc-identity is a copy, delete it there, and ${rotate}`,
    ),
  bootIdsAlternate: (): Suspicion =>
    suspicion(
      'BootIdsAlternate',
      `two processes send heartbeats in turn with the key of this cluster, as a copy of it would; stop the copy, or ${rotate}: the other is refused then`,
    ),
  /** `keyId`: the key that was replaced. */
  previousKeyUsed: (keyId: string): Suspicion =>
    suspicion(
      'PreviousKeyUsed',
      `somebody has used the key ${keyId}, which was replaced and whose successor is in use: a copy of this cluster, or this cluster itself after a thief has changed its key; if nobody of yours has changed it, delete this Cluster and join again with a new token, else stop the copy and ${rotate}`,
    ),
} as const

function suspicion(reason: Suspicion['reason'], message: string): Suspicion {
  return { type, status: 'True', reason, message }
}

/** Whether the Cluster shows one. */
export function isSuspected({ status }: Pick<Cluster, 'status'>): boolean {
  return (status?.conditions ?? []).some((condition) => condition.type === type)
}
