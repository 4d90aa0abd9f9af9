/**
 * Counts who of the fleet is silent, and remembers whether that is withheld. It writes nothing but an Event: the condition
 * on the primary's own Cluster tells of it, and a new leader learns of it from there.
 */
import type { Cluster } from '../../api/cluster.ts'
import type { EventRecorder } from '../../kube/events.ts'
import type { Informer } from '../../kube/informer.ts'
import type { Clock } from '../../lib/clock.ts'
import type { ClusterLookup } from '../cluster-lookup.ts'
import type { FollowedInterval } from './followed-interval.ts'
import { believedContact, isCalledLost, silenceOf, suspicionLimit } from './health.decide.ts'
import { type FleetObservation, nextOutage, type Outage } from './outage.decide.ts'
import type { Sightings } from './sightings.ts'
import { isConfirmed } from './standing.ts'

export interface OutageWatch {
  /** How it stands, for a member that is about to be called lost: an outage begins with the first of them. */
  atLoss(): Outage
  /** The same for the primary's own Cluster, which shows it. */
  look(own: Cluster): Outage
}

export interface OutageWatchDeps {
  readonly clusters: Pick<Informer<Cluster>, 'list'>
  readonly lookup: Pick<ClusterLookup, 'primaries'>
  readonly sightings: Pick<Sightings, 'contact' | 'listening'>
  readonly followed: Pick<FollowedInterval, 'longest'>
  readonly events: Pick<EventRecorder, 'record'>
  /** Called when it begins and when it ends: every Cluster is to be judged anew. */
  readonly onChange: () => void
  readonly clock: Clock
}

/** A look goes through the fleet; whoever is about to be lost in the same moment shares it. Milliseconds. */
const lookEvery = 1_000

export function createOutageWatch(deps: OutageWatchDeps): OutageWatch {
  const { clock } = deps
  let outage: Outage = { kind: 'none' }
  let lookedAt = Number.NEGATIVE_INFINITY
  let isAdopted = false

  function judge(): Outage {
    const now = clock.monotonic()
    if (now - lookedAt < lookEvery) return outage
    lookedAt = now
    const before = outage
    outage = nextOutage(before, { fleet: count(deps), interval: deps.followed.longest(), now })
    if (outage.kind === before.kind) return outage
    if (outage.kind === 'withheld') tell(deps, outage.message)
    deps.onChange()
    return outage
  }

  /** The leader before this one has withheld losses; that it is so for how long counts on, so that it ends. */
  function adopt(own: Cluster): void {
    if (isAdopted) return
    isAdopted = true
    const stored = storedOutage(own)
    if (stored === undefined || outage.kind !== 'none') return
    const lasted = Math.max(0, clock.now() - Date.parse(stored.lastTransitionTime)) || 0
    outage = { kind: 'withheld', message: stored.message, since: clock.monotonic() - lasted }
  }

  return {
    atLoss: judge,
    look(own) {
      adopt(own)
      return outage.kind === 'none' ? outage : judge()
    },
  }
}

function tell({ lookup, events }: OutageWatchDeps, note: string): void {
  for (const regarding of lookup.primaries())
    events.record({ regarding, type: 'Warning', reason: 'ManyHeartbeatsLost', note })
}

/** The condition that tells of an outage, as stored. */
export function storedOutage({ status }: Cluster) {
  return status?.conditions?.find(({ type, status: word }) => type === 'ConnectivityDegraded' && word === 'True')
}

function count({ clusters, sightings, followed }: OutageWatchDeps): FleetObservation {
  const fleet = { joined: 0, silent: 0, undecided: 0 }
  const interval = followed.longest()
  for (const cluster of clusters.list()) {
    if (cluster.spec.primary || cluster.metadata.deletionTimestamp !== undefined || !isConfirmed(cluster)) continue
    fleet.joined += 1
    if (isCalledLost(cluster)) continue
    const listening = sightings.listening(cluster)
    const contact = believedContact({ contact: sightings.contact(cluster), interval, listening })
    if (silenceOf({ contact, interval, listening }) >= suspicionLimit(interval)) fleet.silent += 1
    else if (contact === undefined) fleet.undecided += 1
  }
  return fleet
}
