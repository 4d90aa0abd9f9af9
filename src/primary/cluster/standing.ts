/**
 * How far a Cluster has come on its way to be a member, read from the object alone, so that whoever admits, hears or lists
 * it judges alike. It asks nobody and changes nothing.
 */
import type { Cluster } from '../../api/cluster.ts'

/**
 * - `admitted`: nothing stands in its way.
 * - `waiting`: a token that asks for approval brought it, and nobody has decided.
 * - `denied`: `spec.approved` is false.
 */
export type Standing = 'admitted' | 'waiting' | 'denied'

/** What is looked at, also of a Cluster that is still to be made. */
export interface Candidate {
  readonly spec: Pick<Cluster['spec'], 'approval' | 'approved'>
  readonly status?: Cluster['status']
}

/** A member stays one when its approval is taken out of the object again: it has been decided on. */
export function standingOf(cluster: Candidate): Standing {
  const { approval, approved } = cluster.spec
  if (approved === false) return 'denied'
  return approval !== 'manual' || approved === true || isConfirmed(cluster) ? 'admitted' : 'waiting'
}

/** Whether a heartbeat has once confirmed this Cluster. */
export function isConfirmed({ status }: Candidate): boolean {
  return status?.conditions?.some((condition) => condition.type === 'Joined' && condition.status === 'True') ?? false
}
