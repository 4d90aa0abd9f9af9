/**
 * What the status of a Cluster says: a pure function of the object and of the last contact with it. The leader and the
 * replica that hears the first heartbeat both write exactly this.
 */
import type { Cluster, ClusterStatus } from '../../api/cluster.ts'
import type { ClusterConditionType, ClusterVerdict } from '../../api/conditions.ts'
import type { Versions } from '../../protocol/fields.ts'
import { storedInterval } from './followed-interval.ts'
import {
  believedContact,
  type Contact,
  type HealthObservation,
  type HealthyVerdict,
  judgeHealthy,
  nextLook,
  storedHealth,
} from './health.decide.ts'
import type { Outage } from './outage.decide.ts'
import { isConfirmed, standingOf } from './standing.ts'

/** The cluster that this process runs on: the primary. */
export interface Own {
  /** UID of its `kube-system` namespace. */
  readonly uid: string
  readonly versions: Versions
}

export interface StatusObservation extends HealthObservation {
  readonly own: Own
  /** The interval that members are told now, milliseconds. */
  readonly told: number
  /** Wall clock, ms since the epoch. */
  readonly now: number
  /** Names of the secondaries that a deletion of the primary's own Cluster waits for. */
  readonly waitsFor: readonly string[]
}

/** A joined cluster is not called unconfirmed before this, milliseconds after its join. */
export const confirmationGrace = 30_000
/** `lastSeen` is written again when it is as old as this, milliseconds: an hour, and for each cluster up to a quarter more or less. */
const lastSeenAge = { least: 45 * 60_000, most: 75 * 60_000 }

export type StatusDecision =
  /** Too early to say anything: look again. */
  | { readonly kind: 'later'; readonly afterMs: number }
  | {
      readonly kind: 'status'
      readonly fields: Pick<
        ClusterStatus,
        'id' | 'keyId' | 'lastSeen' | 'versions' | 'primaryKeyId' | 'heartbeatInterval'
      >
      readonly conditions: readonly ClusterVerdict[]
      /** Conditions of these types go: they are present only while they hold. */
      readonly over?: readonly ClusterConditionType[]
      /** When silence would change the judgement, milliseconds from now; absent where it never would. */
      readonly lookAgainMs?: number
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

type JoinedVerdict = Extract<ClusterVerdict, { type: 'Joined' }>

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

function decidePrimary({ own, outage, interval, told }: StatusObservation): StatusDecision {
  const message = 'this cluster is the primary'
  return {
    kind: 'status',
    fields: { id: own.uid, versions: own.versions, heartbeatInterval: storedInterval(interval) },
    conditions: [
      { type: 'Joined', status: 'True', reason: 'Primary', message },
      { type: 'Healthy', status: 'True', reason: 'Primary', message },
      { type: 'Ready', status: 'True', reason: 'Primary', message },
      ...(outage.kind === 'withheld' ? [degraded(outage)] : []),
    ],
    ...(outage.kind === 'withheld' ? {} : { over: ['ConnectivityDegraded'] }),
    // The end of either is not told by anybody: whoever comes back, or follows a shorter interval, changes no condition.
    ...(outage.kind === 'none' && interval === told ? {} : { lookAgainMs: told }),
  }
}

function degraded({ message }: Outage & { kind: 'withheld' }): ClusterVerdict {
  return { type: 'ConnectivityDegraded', status: 'True', reason: 'ManyHeartbeatsLost', message }
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
  // One that lies ahead was written by a clock that has been put back since, and would stay until that time comes.
  const isOld = stored === undefined || Math.abs(contact.at - Date.parse(stored)) >= lastSeenLimit(cluster)
  return { lastSeen: isNews || isOld ? new Date(contact.at).toISOString() : stored }
}

/** Another one for each member: those that were found again in the same minute would all be written in the same one for ever. */
function lastSeenLimit({ spec: { member } }: Cluster): number {
  let sum = 0
  for (const byte of Buffer.from(member?.uid ?? '')) sum = (sum * 31 + byte) % 65_536
  return lastSeenAge.least + (sum / 65_536) * (lastSeenAge.most - lastSeenAge.least)
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
