/** Composes what answers joins: the decision, its limits, and the journal of who was admitted. */
import { createAdmissionJournal } from '../join/admission-journal.ts'
import { createJoinService } from '../join/join-service.ts'
import { createNamedOnce } from '../join/named-once.ts'
import { createWaitingPlaces } from '../join/waiting-places.ts'
import { createBuckets } from '../load/buckets.ts'
import { createGate } from '../load/gate.ts'
import { joinLoad, memberLoad, newsLoad } from '../load/limits.ts'
import { countTurnedAway, countUses, countWaits } from '../observed.ts'
import type { Core } from './core.ts'
import type { OperatorDeps } from './deps.ts'

export type Joins = ReturnType<typeof composeJoins>

/** `spki` gives the TLS leaf keys that a challenge vouches for. */
export function composeJoins(deps: OperatorDeps, core: Core, spki: () => readonly string[]) {
  const { metrics, clock } = deps
  const { informers, identity, events } = core
  const journal = countUses(createAdmissionJournal({ events, clock }), metrics)
  const service = createJoinService({
    ...deps,
    ...core,
    bootstraps: informers.bootstraps,
    recordPace: createBuckets(newsLoad, clock),
    primaryUid: core.uid,
    waitingPlaces: createWaitingPlaces({ clusters: informers.clusters, clock }),
    issuerNamed: identity.issuerNamed,
    journal,
    named: createNamedOnce(),
    gate: countTurnedAway(createGate(joinLoad), metrics),
    pace: countWaits(createBuckets(memberLoad, clock), 'join-key', metrics),
    spki,
  })
  return { service, journal }
}
