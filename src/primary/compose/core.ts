/**
 * Composes what every other part of the primary stands on: caches and look-ups, its keys, whom it has heard, and where it
 * records Events. Nothing runs yet.
 */
import { group } from '../../api/group.ts'
import { sightingsName } from '../../api/sightings.ts'
import { createEventRecorder } from '../../kube/events.ts'
import { countFollowing } from '../../kube/observed.ts'
import { createFollowedInterval } from '../cluster/followed-interval.ts'
import { createSightings } from '../cluster/sightings.ts'
import { createSuspect } from '../cluster/suspect.ts'
import { createTombstones } from '../cluster/tombstones.ts'
import { createClusterLookup } from '../cluster-lookup.ts'
import { createIdentityKeeper } from '../identity/identity-keeper.ts'
import { createTokenSource } from '../join/token-source.ts'
import { createBuckets } from '../load/buckets.ts'
import { newsLoad } from '../load/limits.ts'
import { remember } from '../remembered.ts'
import { createTold } from '../sightings/told.ts'
import { heartbeatInterval, servingPrimary } from '../state.ts'
import type { OperatorDeps } from './deps.ts'
import { createInformers } from './informers.ts'

export type Core = ReturnType<typeof composeCore>

/** `onKeys` is called when the primary's keys were loaded, have changed or are lost. */
export function composeCore(
  deps: OperatorDeps,
  { uid, onKeys }: { readonly uid: string; readonly onKeys: () => void },
) {
  const { client, namespace, clock, log } = deps
  const informers = createInformers({ ...deps, client: countFollowing(client, deps.metrics) })
  const events = createEventRecorder({ client, controller: `${group}/primary`, instance: deps.identity, clock, log })
  const clusters = createClusterLookup({ client, informer: informers.clusters, namespace })
  const tombstones = createTombstones({ client, informer: informers.tombstones, events, namespace, clock })
  const told = createTold({ informer: informers.sightings, ownName: sightingsName(deps.identity), clock, log })
  const sightings = createSightings(clock, (member) => told.contact(member))
  const suspect = createSuspect({ client, clusters, events, pace: createBuckets(newsLoad, clock), clock, log })
  const identity = createIdentityKeeper({
    client,
    secrets: informers.identity,
    clusters: informers.clusters,
    tokens: informers.tokens,
    namespace: deps.identityNamespace,
    primaryUid: uid,
    clock,
    onChange: () => {
      serving.forget()
      onKeys()
    },
  })
  const tokens = createTokenSource({ ...deps, informer: informers.tokens, keyring: () => identity.keyring() })
  const interval = remember(() => heartbeatInterval(informers.clusters.count(), deps.heartbeatInterval))
  const followed = createFollowedInterval({ told: interval.get, primaries: () => clusters.primaries(), clock })
  const serving = remember(() =>
    servingPrimary({
      keyring: identity.keyring(),
      primaries: clusters.primaries(),
      clusters: informers.clusters.count(),
      endpointFlag: deps.endpoint,
      interval: deps.heartbeatInterval,
    }),
  )
  // First of all who follow the Clusters: the others rest on it.
  informers.clusters.onChange((change) => {
    interval.forget()
    serving.forget()
    sightings.follow(change)
  })
  return {
    uid,
    own: () => ({ uid, versions: deps.versions() }),
    informers,
    events,
    clusters,
    tombstones,
    told,
    sightings,
    suspect,
    identity,
    tokens,
    followed,
    /** The interval that members are told, milliseconds. */
    interval: interval.get,
    /** Throws `ProtocolError` `Busy` while nothing can be served. */
    serving: serving.get,
  }
}
