/**
 * What a heard heartbeat leads to: the sighting is remembered, the first one of a join or a key is stored before it is answered,
 * and what is news for the status goes to the Cluster controller.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Cluster } from '../../api/cluster.ts'
import { runId } from '../../api/sightings.ts'
import type { KubeClient } from '../../kube/client.ts'
import { isConflict, KubeApiError } from '../../kube/errors.ts'
import { keyOf, type ObjectKey } from '../../kube/objects.ts'
import type { Clock } from '../../lib/clock.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { Heartbeat } from '../../protocol/reply.ts'
import type { FollowedInterval } from '../cluster/followed-interval.ts'
import { isPresentKeyUsed } from '../cluster/key-use.ts'
import type { Sightings } from '../cluster/sightings.ts'
import { isConfirmed, standingOf } from '../cluster/standing.ts'
import { decideStatus, type Own, type StatusDecision, type StatusObservation } from '../cluster/status.decide.ts'
import { nextStatus, writeStatus, writeTrusted } from '../cluster/status.write.ts'
import type { ClusterLookup } from '../cluster-lookup.ts'
import type { Buckets } from '../load/buckets.ts'
import type { Run } from './runs.decide.ts'

export interface Confirmation {
  /**
   * `by` is who has signed it, and `trusted` the thumbprint of the primary's key that the member trusts, where it has
   * shown one. Throws `KubeApiError` where the first heartbeat of a join or a key cannot be stored.
   */
  heard(cluster: Cluster, heartbeat: Heartbeat, by: Run, trusted?: string): Promise<void>
  /** Other replicas have told whom they heard: of these Clusters, the status of some may be out of date. */
  told(clusters: readonly Cluster[]): Promise<void>
}

export interface ConfirmationDeps {
  readonly client: KubeClient
  readonly clusters: ClusterLookup
  readonly sightings: Sightings
  readonly own: () => Own
  /** The interval that members are told, milliseconds. */
  readonly interval: () => number
  readonly followed: Pick<FollowedInterval, 'longest'>
  /** Wakes the Cluster controller. */
  readonly onNews: (key: ObjectKey) => void
  /** How often a member may be news: one that says something else with each heartbeat must not cost a write each. */
  readonly pace: Buckets
  readonly clock: Clock
}

/** A look takes some ten microseconds, and a fleet has thousands of Clusters: heartbeats are answered in between. */
const lookedAtAtOnce = 100

/** The status of one Cluster has few writers; so many conflicts in a row do not happen. */
const maxWrites = 8

export function createConfirmation(deps: ConfirmationDeps): Confirmation {
  return {
    async heard(cluster, heartbeat, { keyId, boot }, trusted) {
      deps.sightings.record(cluster, heartbeat, runId(keyId, boot))
      // The key before the present one shows that the member lives, and nothing of whether it knows of the present one.
      const isPresentKey = cluster.spec.member?.keyId === keyId
      if (isPresentKey && !isPresentKeyUsed(cluster)) {
        await confirm(deps, cluster, trusted)
        return
      }
      if (trusted !== undefined) await trust(deps, cluster, trusted)
      // What is not told now is news still at the next heartbeat.
      if (isNews(deps, cluster) && deps.pace.take(cluster.metadata.name) === 0) deps.onNews(keyOf(cluster))
    },
    async told(clusters) {
      for (const [index, cluster] of clusters.entries()) {
        if (index % lookedAtAtOnce === 0) await nextTurn()
        // They tell seldom, so nobody can use up a pace.
        if (isConfirmed(cluster) && isNews(deps, cluster)) deps.onNews(keyOf(cluster))
      }
    },
  }
}

function isNews(deps: ConfirmationDeps, cluster: Cluster): boolean {
  return nextStatus(cluster, decideStatus(observe(deps, cluster)), deps.clock.now()) !== undefined
}

/** Writes `Joined=True` and which keys are in use, whoever else writes the status at the same time. */
async function confirm(deps: ConfirmationDeps, cached: Cluster, trusted: string | undefined): Promise<void> {
  let cluster: Cluster | undefined = cached
  for (let write = 0; write < maxWrites && cluster !== undefined; write += 1) {
    // Another replica, or a heartbeat that was sent twice, may have confirmed it.
    if (isPresentKeyUsed(cluster)) return
    // Its approval has just been taken back.
    if (standingOf(cluster) !== 'admitted') break
    // It has just been disconnected: what is said of it now confirms nothing.
    if (cluster.metadata.deletionTimestamp !== undefined) break
    try {
      await writeStatus(deps.client, cluster, confirmed(deps, cluster, trusted), deps.clock.now())
      return
    } catch (error) {
      if (!isConflict(error)) throw error
      cluster = await deps.clusters.live(cluster.metadata.name)
      // Another has joined under its name: who was heard is not its member.
      if (cluster?.metadata.uid !== cached.metadata.uid) break
      // The key that was heard has been replaced since.
      if (cluster?.spec.member?.keyId !== cached.spec.member?.keyId) break
    }
  }
  throw new ProtocolError('Busy', 'the membership could not be confirmed')
}

/** Which keys are in use is in the same write: a join costs no more for it. */
function confirmed(deps: ConfirmationDeps, cluster: Cluster, trusted: string | undefined): StatusDecision {
  const decision = decideStatus(observe(deps, cluster))
  const keyId = cluster.spec.member?.keyId
  if (decision.kind === 'later' || keyId === undefined) return decision
  const used = trusted === undefined ? { keyId } : { keyId, primaryKeyId: trusted }
  // A copy that was suspected holds the key before, which nobody can use any more.
  const over = keyId === cluster.status?.keyId ? [] : (['CloneSuspected'] as const)
  return { ...decision, fields: { ...decision.fields, ...used }, over }
}

/** Written by whichever replica hears it. What cannot be written now is heard again with the next heartbeat. */
async function trust(deps: ConfirmationDeps, cluster: Cluster, trusted: string): Promise<void> {
  if (cluster.status?.primaryKeyId === trusted || deps.pace.take(cluster.metadata.name) > 0) return
  try {
    await writeTrusted(deps.client, cluster, trusted)
  } catch (error) {
    if (!(error instanceof KubeApiError)) throw error
  }
}

function observe(deps: ConfirmationDeps, cluster: Cluster): StatusObservation {
  return {
    cluster,
    own: deps.own(),
    contact: deps.sightings.contact(cluster),
    told: deps.interval(),
    interval: deps.followed.longest(),
    listening: deps.sightings.listening(cluster),
    now: deps.clock.now(),
    waitsFor: [],
    // Who has just been heard is not about to be lost, and who is, is judged anew by the leader.
    outage: { kind: 'none' },
  }
}
