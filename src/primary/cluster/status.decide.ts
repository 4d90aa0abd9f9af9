/**
 * What the status of a Cluster says: a pure function of the object and of the last contact with it. The leader and the
 * replica that hears the first heartbeat both write exactly this.
 */
import type { Cluster, ClusterStatus } from '../../api/cluster.ts'
import type { ClusterVerdict } from '../../api/conditions.ts'
import type { Versions } from '../../protocol/fields.ts'
import type { Heartbeat } from '../../protocol/reply.ts'
import { isConfirmed, standingOf } from './standing.ts'

/** The last heartbeat that this process knows of. */
export interface Contact {
  /** Wall clock, ms since the epoch. */
  readonly at: number
  /** Milliseconds since then, by the monotonic clock. */
  readonly age: number
  /** Milliseconds between it and the heartbeat before it; infinite where none is known. */
  readonly gap: number
  readonly heartbeat: Heartbeat
}

/** The cluster that this process runs on: the primary. */
export interface Own {
  /** UID of its `kube-system` namespace. */
  readonly uid: string
  readonly versions: Versions
}

export interface StatusObservation {
  readonly cluster: Cluster
  readonly own: Own
  readonly contact: Contact | undefined
  /** The interval that members are told, milliseconds. */
  readonly interval: number
  /** How long this process has been the one that judges, milliseconds. */
  readonly listening: number
  /** Wall clock, ms since the epoch. */
  readonly now: number
  /** Names of the secondaries that a deletion of the primary's own Cluster waits for. */
  readonly waitsFor: readonly string[]
}

/** A joined cluster is not called unconfirmed before this, milliseconds after its join. */
export const confirmationGrace = 30_000
/** So many intervals without a heartbeat make a cluster unknown. */
const lostAfterIntervals = 7
/** Two heartbeats further apart than so many intervals do not follow each other. */
const suspectAfterIntervals = 3
/** So many intervals more a process waits for whom it has not heard since it judges. */
const graceIntervals = 2
/** `lastSeen` is written no more often than this, milliseconds. */
export const lastSeenResolution = 3_600_000

export type StatusDecision =
  /** Too early to say anything: look again. */
  | { readonly kind: 'later'; readonly afterMs: number }
  | {
      readonly kind: 'status'
      readonly fields: Pick<ClusterStatus, 'id' | 'lastSeen' | 'versions'>
      readonly conditions: readonly ClusterVerdict[]
      /** When silence would change the judgement, milliseconds from now; absent where it never would. */
      readonly lookAgainMs?: number
    }

/** How long a cluster may be silent before it is called unknown, milliseconds. */
export function silenceLimit(interval: number): number {
  return lostAfterIntervals * interval
}

/** How long a cluster may be silent before its next heartbeat counts as the first of a new row, milliseconds. */
export function suspicionLimit(interval: number): number {
  return suspectAfterIntervals * interval
}

/** Decides the whole status of a Cluster. */
export function decideStatus(given: StatusObservation): StatusDecision {
  const observed = { ...given, contact: believedContact(given) }
  const { cluster, contact } = observed
  if (cluster.metadata.deletionTimestamp !== undefined) return decideLeaving(observed)
  if (cluster.spec.primary) return decidePrimary(observed)
  const joined = judgeJoined(observed)
  if (joined === undefined) return { kind: 'later', afterMs: confirmationGrace - ageOf(observed) }
  const healthy = judgeHealthy(observed)
  const lookAgainMs = nextLook(observed)
  return {
    kind: 'status',
    fields: {
      ...(cluster.spec.member === undefined ? {} : { id: cluster.spec.member.uid }),
      ...lastSeenOf(cluster, contact, healthy),
      ...(contact === undefined ? {} : { versions: contact.heartbeat.versions }),
    },
    conditions: [joined, healthy, readyFrom(joined, healthy)],
    ...(lookAgainMs === undefined ? {} : { lookAgainMs }),
  }
}

/** What is old and from before this process judged proves no silence: another may have heard more since, and not told. */
function believedContact({ contact, interval, listening }: StatusObservation): Contact | undefined {
  if (contact === undefined) return undefined
  return contact.age <= listening || contact.age < silenceLimit(interval) ? contact : undefined
}

type JoinedVerdict = Extract<ClusterVerdict, { type: 'Joined' }>
type HealthyVerdict = Extract<ClusterVerdict, { type: 'Healthy' }>

function decideLeaving({ waitsFor }: StatusObservation): StatusDecision {
  const message =
    waitsFor.length === 0
      ? 'the Cluster is being deleted'
      : `waits until the secondaries are deleted: ${waitsFor.slice(0, 5).join(', ')}${waitsFor.length > 5 ? ', …' : ''}`
  return {
    kind: 'status',
    fields: {},
    conditions: [
      { type: 'Joined', status: 'False', reason: 'Disconnecting', message },
      { type: 'Ready', status: 'False', reason: 'Disconnecting', message },
    ],
  }
}

function decidePrimary({ own }: StatusObservation): StatusDecision {
  const message = 'this cluster is the primary'
  return {
    kind: 'status',
    fields: { id: own.uid, versions: own.versions },
    conditions: [
      { type: 'Joined', status: 'True', reason: 'Primary', message },
      { type: 'Healthy', status: 'True', reason: 'Primary', message },
      { type: 'Ready', status: 'True', reason: 'Primary', message },
    ],
  }
}

/** Undefined while a joined cluster may still be about to confirm. */
function judgeJoined(observed: StatusObservation): JoinedVerdict | undefined {
  const { cluster, contact } = observed
  const standing = standingOf(cluster)
  if (standing === 'denied')
    return { type: 'Joined', status: 'False', reason: 'Denied', message: 'the join is denied: spec.approved is false' }
  if (cluster.spec.member === undefined)
    return {
      type: 'Joined',
      status: 'False',
      reason: 'AwaitingJoin',
      message: `no cluster has joined as ${cluster.metadata.name} yet; give one a join token and this name`,
    }
  if (standing === 'waiting')
    return { type: 'Joined', status: 'False', reason: 'PendingApproval', message: awaitedApproval(cluster) }
  if (contact !== undefined || isConfirmed(cluster))
    return { type: 'Joined', status: 'True', reason: 'Joined', message: 'the cluster is a member' }
  const isApproved = cluster.spec.approved === true
  // An approval is an answer to somebody who would not see before its end that it was taken.
  if (!isApproved && ageOf(observed) < confirmationGrace) return undefined
  const accepted = isApproved ? 'approved' : 'accepted'
  return {
    type: 'Joined',
    status: 'False',
    reason: 'Unconfirmed',
    message: `the join was ${accepted}, and no heartbeat has confirmed it; the cluster tries again by itself`,
  }
}

/** With the whole command: who reads this has the object before him, and not its documentation. */
function awaitedApproval({ metadata: { name, namespace } }: Cluster): string {
  const patch = `--type=merge -p '{"spec":{"approved":true}}'`
  return `a cluster asks to join as ${name}; to admit it: kubectl patch clusters.dist.kio.kasten.io ${name} -n ${namespace} ${patch}; false denies it`
}

function judgeHealthy(observed: StatusObservation): HealthyVerdict {
  const { cluster, contact, interval, listening } = observed
  const health = isFoundAgain(observed) ? contact?.heartbeat.health : undefined
  const silence = contact?.age ?? listening
  const limit = silenceLimit(interval) + (contact === undefined ? graceIntervals * interval : 0)
  if (silence < limit) {
    if (health === 'ok')
      return { type: 'Healthy', status: 'True', reason: 'Heartbeat', message: 'heartbeats arrive and report no fault' }
    if (health !== undefined) return { type: 'Healthy', status: 'False', reason: 'ReportedUnhealthy', message: health }
    const previous = previousHealth(cluster)
    if (previous !== undefined) return previous
  }
  if (cluster.status?.lastSeen === undefined && contact === undefined)
    return { type: 'Healthy', status: 'Unknown', reason: 'NeverSeen', message: 'no heartbeat has ever arrived' }
  return {
    type: 'Healthy',
    status: 'Unknown',
    reason: 'NoHeartbeat',
    message: 'no heartbeat has arrived for seven intervals; see lastSeen, and mc-join-status on that cluster',
  }
}

/** One heartbeat proves a way to this cluster that may be gone with the next: who was called lost needs two in a row. */
function isFoundAgain({ cluster, contact, interval }: StatusObservation): boolean {
  const wasLost = storedHealth(cluster)?.reason === 'NoHeartbeat'
  return !wasLost || (contact !== undefined && contact.gap <= suspicionLimit(interval))
}

function storedHealth({ status }: Cluster) {
  return status?.conditions?.find(({ type }) => type === 'Healthy')
}

/** A process that has just begun to listen repeats what was known before it. */
function previousHealth(cluster: Cluster): HealthyVerdict | undefined {
  const previous = storedHealth(cluster)
  if (previous === undefined) return undefined
  const { status, message } = previous
  if (status === 'True' && previous.reason === 'Heartbeat')
    return { type: 'Healthy', status, reason: 'Heartbeat', message }
  if (status === 'False') return { type: 'Healthy', status, reason: 'ReportedUnhealthy', message }
  return undefined
}

function readyFrom(joined: JoinedVerdict, healthy: HealthyVerdict): ClusterVerdict {
  if (joined.status === 'True' && healthy.status === 'True') return { ...joined, type: 'Ready' }
  const first = joined.status === 'True' ? healthy : joined
  return { ...first, type: 'Ready' } as Extract<ClusterVerdict, { type: 'Ready' }>
}

function lastSeenOf(
  cluster: Cluster,
  contact: Contact | undefined,
  healthy: HealthyVerdict,
): { readonly lastSeen?: string } {
  const stored = cluster.status?.lastSeen
  if (contact === undefined) return stored === undefined ? {} : { lastSeen: stored }
  const before = storedHealth(cluster)
  const isNews = before?.status !== healthy.status || before.reason !== healthy.reason
  const isOld = stored === undefined || contact.at - Date.parse(stored) >= lastSeenResolution
  return { lastSeen: isNews || isOld ? new Date(contact.at).toISOString() : stored }
}

/** When silence alone would change the verdict. */
function nextLook(observed: StatusObservation): number | undefined {
  const { cluster, contact, interval, listening } = observed
  if (cluster.spec.member === undefined) return undefined
  const limit = silenceLimit(interval) + (contact === undefined ? graceIntervals * interval : 0)
  const remaining = limit - (contact?.age ?? listening)
  return remaining > 0 ? remaining : undefined
}

/**
 * Milliseconds since the cluster joined; 0 where none has. `since` is by the primary's own clock, from which that of its
 * API server may differ by years. The age of the object counts where it is less: a Cluster restored from a backup has an
 * old `since` and no status, and its owner needs time to confirm it anew.
 */
export function ageOf({ cluster, now }: Pick<StatusObservation, 'cluster' | 'now'>): number {
  const { member } = cluster.spec
  if (member === undefined) return 0
  const made = now - Date.parse(cluster.metadata.creationTimestamp ?? '')
  const joined = now - Date.parse(member.since)
  // A user may have made that date unreadable, which is no number.
  return Math.max(0, joined < made ? joined : made)
}
