/**
 * Puts a suspicion on a Cluster, once: whichever replica notices it asks no other. It locks nobody out, and a
 * failure here never fails the request that has shown it.
 */
import { type Cluster, clusterKind } from '../../api/cluster.ts'
import type { KubeClient } from '../../kube/client.ts'
import { setCondition } from '../../kube/conditions.ts'
import { isConflict } from '../../kube/errors.ts'
import type { EventRecorder } from '../../kube/events.ts'
import { keyOf } from '../../kube/objects.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import type { ClusterLookup } from '../cluster-lookup.ts'
import { fieldManager } from '../field-manager.ts'
import type { Buckets } from '../load/buckets.ts'
import { isSuspected, type Suspicion } from './suspicion.ts'

export interface SuspectDeps {
  readonly client: KubeClient
  readonly clusters: Pick<ClusterLookup, 'live'>
  readonly events: EventRecorder
  /** How often a Cluster may be looked at for this: who holds its key could else cause a read with each request. */
  readonly pace: Buckets
  readonly clock: Clock
  readonly log: Logger
}

/** Resolves when the Cluster shows a suspicion, or could not be made to. Never rejects. */
export type Suspect = (cluster: Cluster, suspicion: Suspicion) => Promise<void>

/** The status of one Cluster has few writers; so many conflicts in a row do not happen. */
const maxWrites = 4

export function createSuspect(deps: SuspectDeps): Suspect {
  return async (cluster, suspicion) => {
    const { name } = cluster.metadata
    // The first one stays: several that took turns would be a write each.
    if (isSuspected(cluster) || deps.pace.take(name) > 0) return
    try {
      if (!(await show(deps, cluster, suspicion))) return
      deps.log.warn({ cluster: name, reason: suspicion.reason }, 'a clone is suspected')
      const { reason, message: note } = suspicion
      deps.events.record({ regarding: cluster, type: 'Warning', reason, note })
    } catch (err) {
      deps.log.warn({ cluster: name, reason: suspicion.reason, err }, 'a suspicion of a clone cannot be stored')
    }
  }
}

/** False where it need not be shown any more: it is shown, or this member has gone, or has another key. */
async function show({ client, clusters, clock }: SuspectDeps, seen: Cluster, suspicion: Suspicion): Promise<boolean> {
  const { name, uid } = seen.metadata
  for (let write = 0; write < maxWrites; write += 1) {
    const cluster = await clusters.live(name)
    const isSame = cluster?.metadata.uid === uid && cluster?.spec.member?.keyId === seen.spec.member?.keyId
    if (cluster === undefined || !isSame || isSuspected(cluster)) return false
    const { generation, resourceVersion } = cluster.metadata
    const verdict = { ...suspicion, ...(generation === undefined ? {} : { observedGeneration: generation }) }
    const conditions = setCondition(cluster.status?.conditions ?? [], verdict, new Date(clock.now()))
    const patch = { metadata: { resourceVersion }, status: { conditions } }
    try {
      await client.mergePatch(clusterKind, keyOf(cluster), patch, { fieldManager, subresource: 'status' })
      return true
    } catch (error) {
      if (!isConflict(error)) throw error
    }
  }
  return false
}
