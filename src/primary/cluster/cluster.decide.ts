/**
 * What happens to one Cluster: it is kept in shape, released after its deletion, or collected because no membership came
 * of the join that made it. A pure function of everything observed.
 */
import type { Cluster } from '../../api/cluster.ts'
import { clusterInfoFinalizer, clusterTypeLabel } from '../../api/group.ts'
import { isConfirmed, standingOf } from './standing.ts'
import { ageOf, decideStatus, type StatusDecision, type StatusObservation } from './status.decide.ts'
import { type Tombstone, tombstoneOf } from './tombstone.ts'

export interface ClusterObservation extends StatusObservation {
  /** How long this process has known of its join and of no heartbeat that confirms it, milliseconds. */
  readonly awaited: number
  /** Whether the namespace of the Cluster is being deleted: then nothing can be created in it any more. */
  readonly namespaceIsDeleted: boolean
  /** Whether a user's Bootstrap names it: then no join has made it, and none may unmake it. */
  readonly isRegisteredAhead: boolean
  /** Whether an older Cluster, as the API server has it now, is of the same uid or key: that one is the member. */
  readonly hasElder: boolean
  /** What is remembered of a disconnection of its member, as the API server has it now; looked for where it may bear on this. */
  readonly tombstone: Tombstone | undefined
}

export type ClusterDecision =
  /** Deleted: tell for certain, then let go. */
  | { readonly kind: 'release'; readonly tombstone?: Tombstone }
  /** Deleted with its namespace: what else is in there goes by itself, and the rights to touch it may have gone already. */
  | { readonly kind: 'let-go' }
  /** Remove it as if the join had not been. */
  | { readonly kind: 'collect'; readonly because: Superseded | 'never confirmed' }
  | {
      readonly kind: 'keep'
      /** Metadata to merge; absent where it is right already. */
      readonly metadata?: { readonly labels?: Record<string, string>; readonly finalizers?: readonly string[] }
      readonly status: StatusDecision
    }

type Superseded = 'another Cluster of this uid or key is older' | 'its member was disconnected since it was made'

/**
 * A Cluster made by a join is collected when no heartbeat has confirmed it for so long, milliseconds: by its dates, and by
 * what this process has seen itself. A clock that is ahead would else undo each join before its first heartbeat.
 */
export const confirmationLimit = 15 * 60_000
/** The same for one that waits for approval: administrators have holidays. */
export const approvalLimit = 7 * 24 * 3_600_000
/** The same for one that was put back without its status: its cluster may be off for some days. */
export const restoredLimit = approvalLimit

export function decideCluster(observed: ClusterObservation): ClusterDecision {
  const { cluster } = observed
  if (cluster.metadata.deletionTimestamp !== undefined) return decideDeleted(observed)
  // Two replicas have admitted the same cluster at once. Its owner is told of the older one when it joins again.
  if (observed.hasElder) return { kind: 'collect', because: 'another Cluster of this uid or key is older' }
  // The disconnection was of the other one of two: a replica had not heard of that, and this one is the same membership.
  if (observed.tombstone !== undefined && endsMembership(observed.tombstone, cluster))
    return { kind: 'collect', because: 'its member was disconnected since it was made' }
  const isWaiting = standingOf(cluster) === 'waiting'
  // One that waits is not heard: what was, belongs to a membership that it had before.
  const isHeard = observed.contact !== undefined && !isWaiting
  const unconfirmed = cluster.spec.member !== undefined && !isHeard && !isConfirmed(cluster)
  // What an administrator has decided on stays until he deletes it: a denial would else be forgotten.
  const isCollectable = unconfirmed && !observed.isRegisteredAhead && cluster.spec.approved === undefined
  const remaining = Math.max(patience(cluster, isWaiting) - ageOf(observed), confirmationLimit - observed.awaited)
  if (isCollectable && remaining <= 0) return { kind: 'collect', because: 'never confirmed' }
  const metadata = correctedMetadata(observed)
  const status = decideStatus(observed)
  return {
    kind: 'keep',
    ...(metadata === undefined ? {} : { metadata }),
    status: isCollectable ? withDeadline(status, remaining) : status,
  }
}

/**
 * Whether its member was disconnected by another Cluster since this one was made. One that is put back from a backup is younger
 * than the disconnection before, and a join forgets what is older than it. Who is leaving this very one deletes it next.
 */
export function endsMembership(
  { at, name }: Pick<Tombstone, 'at' | 'name'>,
  { metadata, spec: { member } }: Cluster,
): boolean {
  const isOfOther = name !== metadata.name
  return isOfOther && at >= Date.parse(metadata.creationTimestamp ?? '') && at >= Date.parse(member?.since ?? '')
}

function patience(cluster: Cluster, isWaiting: boolean): number {
  if (isWaiting) return approvalLimit
  return isRestored(cluster) ? restoredLimit : confirmationLimit
}

/**
 * An object far younger than its membership came out of a backup, without its status. It had been confirmed, or it would
 * have been collected before the backup was made.
 */
export function isRestored({ metadata, spec: { member } }: Cluster): boolean {
  return Date.parse(metadata.creationTimestamp ?? '') - Date.parse(member?.since ?? '') > confirmationLimit
}

/** Whether our finalizer keeps it from being gone before it is released. */
export function isHeld({ metadata }: Cluster): boolean {
  return metadata.finalizers?.includes(clusterInfoFinalizer) ?? false
}

/** The finalizers of a Cluster without ours. */
export function releasedFinalizers(cluster: Cluster): readonly string[] {
  return (cluster.metadata.finalizers ?? []).filter((finalizer) => finalizer !== clusterInfoFinalizer)
}

function decideDeleted(observed: ClusterObservation): ClusterDecision {
  const { cluster, waitsFor, namespaceIsDeleted } = observed
  if (namespaceIsDeleted) return { kind: 'let-go' }
  if (cluster.spec.primary && waitsFor.length > 0) return { kind: 'keep', status: decideStatus(observed) }
  const { member } = cluster.spec
  if (member === undefined || hasLeft(observed)) return { kind: 'release' }
  // Now, and not `deletionTimestamp`: that one has whole seconds, and a join that was asked for in the same second would
  // look younger than the disconnection.
  return { kind: 'release', tombstone: tombstoneOf(cluster, member, { at: observed.now, isAcknowledged: false }) }
}

/**
 * Whether the member has left by itself, which stores its tombstone before the deletion. That one stays: what the cluster
 * has asked for since it left, like a new join, is not older than the disconnection.
 */
function hasLeft({ cluster, tombstone }: ClusterObservation): boolean {
  const { member } = cluster.spec
  return tombstone?.isAcknowledged === true && tombstone.at >= Date.parse(member?.since ?? '')
}

/** Our label and our finalizer belong to the operator: a user's removal of them is undone. */
function correctedMetadata({ cluster, waitsFor }: ClusterObservation) {
  const type = cluster.spec.primary ? 'primary' : 'secondary'
  // The primary's own Cluster is held only while there are secondaries that would lose their primary.
  const shouldBeHeld = !cluster.spec.primary || waitsFor.length > 0
  const labels = cluster.metadata.labels?.[clusterTypeLabel] === type ? undefined : { [clusterTypeLabel]: type }
  const finalizers =
    isHeld(cluster) === shouldBeHeld
      ? undefined
      : [...releasedFinalizers(cluster), ...(shouldBeHeld ? [clusterInfoFinalizer] : [])]
  if (labels === undefined && finalizers === undefined) return undefined
  return { ...(labels === undefined ? {} : { labels }), ...(finalizers === undefined ? {} : { finalizers }) }
}

function withDeadline(status: StatusDecision, remaining: number): StatusDecision {
  if (status.kind === 'later') return status
  return { ...status, lookAgainMs: Math.min(status.lookAgainMs ?? Infinity, remaining) }
}
