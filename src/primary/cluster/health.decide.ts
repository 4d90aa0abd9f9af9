/**
 * Whether a member is heard: a pure function of its Cluster and of the last contact with it. What that means for the rest
 * of the status is for `status.decide.ts` to say, and whether so many are silent that none is called lost for
 * `outage.decide.ts`.
 */
import type { Cluster } from '../../api/cluster.ts'
import type { ClusterVerdict } from '../../api/conditions.ts'
import type { Heartbeat } from '../../protocol/reply.ts'
import type { Outage } from './outage.decide.ts'
import { isConfirmed } from './standing.ts'

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

export interface HealthObservation {
  readonly cluster: Cluster
  readonly contact: Contact | undefined
  /** The longest interval that a member may follow, milliseconds. */
  readonly interval: number
  /** How long this process has judged this member, milliseconds. */
  readonly listening: number
  /** Withheld: too many are silent at once, and nobody is called lost. */
  readonly outage: Outage
}

/** What is known of how long nothing has been heard. */
export type Silence = Pick<HealthObservation, 'contact' | 'interval' | 'listening'>

export type HealthyVerdict = Extract<ClusterVerdict, { type: 'Healthy' }>

/** So many intervals without a heartbeat make a cluster unknown. */
const lostAfterIntervals = 7
/** Two heartbeats further apart than so many intervals do not follow each other. */
const suspectAfterIntervals = 3
/** So many intervals more a process waits for whom it has not heard since it judges. */
const graceIntervals = 2

/** How long a cluster may be silent before its next heartbeat counts as the first of a new row, milliseconds. */
export function suspicionLimit(interval: number): number {
  return suspectAfterIntervals * interval
}

/** How long a cluster may be silent before it is called unknown, milliseconds. */
export function silenceLimit(interval: number): number {
  return lostAfterIntervals * interval
}

/** What is old and from before this process judged proves no silence: another may have heard more since, and not told. */
export function believedContact({ contact, interval, listening }: Silence): Contact | undefined {
  if (contact === undefined) return undefined
  return contact.age <= listening || contact.age < silenceLimit(interval) ? contact : undefined
}

/** How long nothing has been heard while this process could have heard it, milliseconds. */
export function silenceOf({ contact, listening }: Silence): number {
  return contact?.age ?? listening
}

/** Milliseconds until silence makes this cluster a lost one; none are left where it does. */
function patienceLeft(observed: Silence): number {
  const { contact, interval } = observed
  const grace = contact === undefined ? graceIntervals * interval : 0
  return silenceLimit(interval) + grace - silenceOf(observed)
}

/** Whether it is a member of which its silence says now what has not been said yet. */
export function isAboutToBeLost(cluster: Cluster, silence: Silence): boolean {
  const contact = believedContact(silence)
  return isConfirmed(cluster) && !isCalledLost(cluster) && patienceLeft({ ...silence, contact }) <= 0
}

/** Expects a contact that is believed. */
export function judgeHealthy(observed: HealthObservation): HealthyVerdict {
  const { cluster, contact } = observed
  if (patienceLeft(observed) > 0) {
    const health = isFoundAgain(observed) ? contact?.heartbeat.health : undefined
    if (health === 'ok')
      return { type: 'Healthy', status: 'True', reason: 'Heartbeat', message: 'heartbeats arrive and report no fault' }
    if (health !== undefined) return { type: 'Healthy', status: 'False', reason: 'ReportedUnhealthy', message: health }
  }
  const previous =
    patienceLeft(observed) > 0 || observed.outage.kind === 'withheld' ? previousHealth(cluster) : undefined
  if (previous !== undefined) return previous
  if (cluster.status?.lastSeen === undefined && contact === undefined)
    return { type: 'Healthy', status: 'Unknown', reason: 'NeverSeen', message: 'no heartbeat has ever arrived' }
  return {
    type: 'Healthy',
    status: 'Unknown',
    reason: 'NoHeartbeat',
    message: 'no heartbeat has arrived for seven intervals; see lastSeen, and mc-join-status on that cluster',
  }
}

/** What is stored; undefined before the first judgement. */
export function storedHealth({ status }: Cluster) {
  return status?.conditions?.find(({ type }) => type === 'Healthy')
}

/** Whether its silence has been told already. */
export function isCalledLost(cluster: Cluster): boolean {
  return storedHealth(cluster)?.status === 'Unknown'
}

/** One heartbeat proves a way to this cluster that may be gone with the next: who was called lost needs two in a row. */
function isFoundAgain({ cluster, contact, interval }: HealthObservation): boolean {
  const wasLost = storedHealth(cluster)?.reason === 'NoHeartbeat'
  return !wasLost || (contact !== undefined && contact.gap <= suspicionLimit(interval))
}

/** Repeated by a process that has just begun to listen, and while nobody is called lost. */
function previousHealth(cluster: Cluster): HealthyVerdict | undefined {
  const previous = storedHealth(cluster)
  if (previous === undefined) return undefined
  const { status, message } = previous
  if (status === 'True' && previous.reason === 'Heartbeat')
    return { type: 'Healthy', status, reason: 'Heartbeat', message }
  if (status === 'False') return { type: 'Healthy', status, reason: 'ReportedUnhealthy', message }
  return undefined
}

/** When silence alone would change the verdict, milliseconds from now; undefined where it never would. */
export function nextLook(observed: HealthObservation): number | undefined {
  if (observed.cluster.spec.member === undefined) return undefined
  const left = patienceLeft(observed)
  if (left > 0) return left
  // The end of an outage wakes it sooner.
  return observed.outage.kind === 'withheld' ? silenceLimit(observed.interval) : undefined
}
