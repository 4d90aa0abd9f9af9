/**
 * What speaks for two clusters with one identity, in the words that a Cluster shows, and for how long that is shown: until
 * the key has changed. Pure; who notices it, and who writes it, is elsewhere.
 */
import type { Cluster } from '../../api/cluster.ts'
import type { ClusterVerdict } from '../../api/conditions.ts'
import type { Condition } from '../../kube/objects.ts'

export type Suspicion = Extract<ClusterVerdict, { type: 'CloneSuspected' }>

const type = 'CloneSuspected'
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

/** The conditions without a suspicion that the present key has outlived: whoever held the one before is out. */
export function conditionsInForce({ spec, status }: Pick<Cluster, 'spec' | 'status'>): readonly Condition[] {
  const conditions = (status?.conditions ?? []) as readonly Condition[]
  const since = wholeSeconds(spec.member?.since)
  return conditions.filter(
    (condition) => condition.type !== type || !(since > wholeSeconds(condition.lastTransitionTime)),
  )
}

/** Whether the Cluster shows one that is in force. */
export function isSuspected(cluster: Pick<Cluster, 'spec' | 'status'>): boolean {
  return conditionsInForce(cluster).some((condition) => condition.type === type)
}

/** A condition's time has no fraction. What cannot be read is no number, and outlives nothing. */
function wholeSeconds(time: string | undefined): number {
  return Math.floor(Date.parse(time ?? '') / 1000)
}
