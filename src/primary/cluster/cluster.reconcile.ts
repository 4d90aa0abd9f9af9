/** Carries out what is decided for one Cluster: gather, decide, act. */
import type { Bootstrap } from '../../api/bootstrap.ts'
import { bootstrapKind } from '../../api/bootstrap.ts'
import { type Cluster, clusterKind } from '../../api/cluster.ts'
import type { KubeClient } from '../../kube/client.ts'
import type { Outcome } from '../../kube/controller.ts'
import { KubeApiError } from '../../kube/errors.ts'
import type { Informer } from '../../kube/informer.ts'
import { keyOf, namespaceKind, type ObjectKey } from '../../kube/objects.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { recordedCluster, recordNames } from '../bootstrap/joined-bootstrap.ts'
import { isMadeByJoin, isRegisteredAhead } from '../bootstrap/precedence.ts'
import type { ClusterLookup } from '../cluster-lookup.ts'
import { fieldManager } from '../field-manager.ts'
import {
  type ClusterDecision,
  type ClusterObservation,
  decideCluster,
  endsMembership,
  releasedFinalizers,
} from './cluster.decide.ts'
import type { FollowedInterval } from './followed-interval.ts'
import { isAboutToBeLost, type Silence } from './health.decide.ts'
import type { Outage } from './outage.decide.ts'
import type { OutageWatch } from './outage.ts'
import type { Sightings } from './sightings.ts'
import type { Own } from './status.decide.ts'
import { writeStatus } from './status.write.ts'
import type { Tombstone } from './tombstone.ts'
import type { Tombstones } from './tombstones.ts'

export interface ClusterDeps {
  readonly client: KubeClient
  readonly clusters: Informer<Cluster>
  readonly lookup: ClusterLookup
  readonly bootstraps: Informer<Bootstrap>
  readonly tombstones: Tombstones
  readonly sightings: Sightings
  readonly outage: OutageWatch
  readonly own: () => Own
  /** The interval that members are told, milliseconds. */
  readonly interval: () => number
  readonly followed: Pick<FollowedInterval, 'longest'>
  readonly clock: Clock
}

export function createClusterReconciler(deps: ClusterDeps) {
  return async (key: ObjectKey, { log }: { log: Logger }): Promise<Outcome> => {
    const cluster = deps.clusters.get(key)
    if (cluster === undefined) return { kind: 'done' }
    return act(deps, cluster, decideCluster(await gather(deps, cluster)), log)
  }
}

async function gather(deps: ClusterDeps, cluster: Cluster): Promise<ClusterObservation> {
  const { name, namespace, deletionTimestamp } = cluster.metadata
  const namespaceIsDeleted = deletionTimestamp !== undefined && (await isNamespaceDeleted(deps.client, namespace))
  const heard = {
    contact: deps.sightings.contact(cluster),
    interval: deps.followed.longest(),
    listening: deps.sightings.listening(cluster),
  }
  return {
    cluster,
    own: deps.own(),
    told: deps.interval(),
    ...heard,
    awaited: deps.sightings.awaited(cluster),
    outage: outageFor(deps, cluster, heard),
    now: deps.clock.now(),
    waitsFor: cluster.spec.primary ? secondaries(deps.clusters) : [],
    hasElder: deletionTimestamp === undefined && (await deps.lookup.hasElder(cluster)),
    isRegisteredAhead: isRegisteredAhead(name, deps.bootstraps),
    namespaceIsDeleted,
    tombstone: namespaceIsDeleted ? undefined : await findTombstone(deps, cluster),
  }
}

/** A look goes through the fleet: only who is about to be lost asks for one, and the primary, which shows how it stands. */
function outageFor({ outage }: ClusterDeps, cluster: Cluster, silence: Silence): Outage {
  if (cluster.spec.primary) return outage.look(cluster)
  return isAboutToBeLost(cluster, silence) ? outage.atLoss() : { kind: 'none' }
}

async function act(deps: ClusterDeps, cluster: Cluster, decision: ClusterDecision, log: Logger): Promise<Outcome> {
  switch (decision.kind) {
    case 'release':
      if (decision.tombstone !== undefined) await deps.tombstones.store(decision.tombstone)
      await deleteRecords(deps, cluster.metadata)
      await release(deps.client, cluster)
      log.info({ cluster: cluster.metadata.name, tombstone: decision.tombstone !== undefined }, 'cluster disconnected')
      return { kind: 'done' }
    case 'let-go':
      await release(deps.client, cluster)
      log.info({ cluster: cluster.metadata.name }, 'cluster deleted with its namespace')
      return { kind: 'done' }
    case 'collect':
      await collect(deps.client, cluster)
      log.info({ cluster: cluster.metadata.name, because: decision.because }, 'cluster collected')
      return { kind: 'done' }
    case 'keep':
      // The write of the metadata brings the object back with a new version; the status follows on that one.
      if (decision.metadata !== undefined) {
        await deps.client.mergePatch(clusterKind, keyOf(cluster), versioned(cluster, decision.metadata), {
          fieldManager,
        })
        return { kind: 'done' }
      }
      await writeStatus(deps.client, cluster, decision.status, deps.clock.now())
      return again(decision.status.kind === 'later' ? decision.status.afterMs : decision.status.lookAgainMs)
  }
}

/** Of a Cluster that stays, only where the cache shows one that would end it: else each look at a Cluster would cost a read. */
async function findTombstone({ tombstones }: ClusterDeps, cluster: Cluster): Promise<Tombstone | undefined> {
  const { member } = cluster.spec
  if (member === undefined) return undefined
  if (cluster.metadata.deletionTimestamp === undefined) {
    const cached = tombstones.cached(member)
    if (cached === undefined || !endsMembership(cached, cluster)) return undefined
  }
  return tombstones.findLive(member)
}

/** The record of a join goes with its Cluster. */
async function deleteRecords({ client }: ClusterDeps, cluster: Cluster['metadata']): Promise<void> {
  for (const name of recordNames(cluster.name)) {
    const record = await findRecord(client, { ...keyOf({ metadata: cluster }), name })
    if (record === undefined || !isMadeByJoin(record) || recordedCluster(record) !== cluster.name) continue
    await client.delete(
      bootstrapKind,
      keyOf(record),
      record.metadata.uid === undefined ? {} : { uid: record.metadata.uid },
    )
  }
}

async function findRecord(client: KubeClient, key: ObjectKey): Promise<Bootstrap | undefined> {
  try {
    return await client.get<Bootstrap>(bootstrapKind, key)
  } catch (error) {
    // The kind itself has gone: whoever deletes both kinds must not be left with Clusters that nobody releases.
    if (error instanceof KubeApiError && error.status === 404) return undefined
    throw error
  }
}

async function release(client: KubeClient, cluster: Cluster): Promise<Cluster> {
  const metadata = { finalizers: releasedFinalizers(cluster) }
  return client.mergePatch<Cluster>(clusterKind, keyOf(cluster), versioned(cluster, metadata), { fieldManager })
}

/** Finalizer off, then delete, both bound to a version: a heartbeat that confirms the join meanwhile wins. */
async function collect(client: KubeClient, cluster: Cluster): Promise<void> {
  const { uid, resourceVersion } = (await release(client, cluster)).metadata
  await client.delete(clusterKind, keyOf(cluster), {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  })
}

function versioned(cluster: Cluster, metadata: object): object {
  return { metadata: { ...metadata, resourceVersion: cluster.metadata.resourceVersion } }
}

function secondaries(clusters: Informer<Cluster>): readonly string[] {
  return clusters
    .list()
    .filter((cluster) => !cluster.spec.primary)
    .map((cluster) => cluster.metadata.name)
    .toSorted()
}

async function isNamespaceDeleted(client: KubeClient, namespace: string | undefined): Promise<boolean> {
  if (namespace === undefined) return false
  const object = await client.get(namespaceKind, { name: namespace })
  return object === undefined || object.metadata.deletionTimestamp !== undefined
}

function again(afterMs: number | undefined): Outcome {
  return afterMs === undefined ? { kind: 'done' } : { kind: 'again', afterMs }
}
