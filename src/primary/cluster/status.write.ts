/** Writes the status of a Cluster in one request, and only if it says something new. */
import { type Cluster, type ClusterStatus, clusterKind } from '../../api/cluster.ts'
import type { ClusterVerdict } from '../../api/conditions.ts'
import type { KubeClient } from '../../kube/client.ts'
import { setCondition } from '../../kube/conditions.ts'
import { type Condition, keyOf } from '../../kube/objects.ts'
import { deepEqual } from '../../lib/deep-equal.ts'
import { fieldManager } from '../field-manager.ts'
import type { StatusDecision } from './status.decide.ts'

/** The status that results, or undefined where it is what is stored. `now` is ms since the epoch. */
export function nextStatus(cluster: Cluster, decision: StatusDecision, now: number): ClusterStatus | undefined {
  if (decision.kind === 'later') return undefined
  const generation = cluster.metadata.generation
  const observed = generation === undefined ? {} : { observedGeneration: generation }
  const over: readonly string[] = decision.over ?? []
  const kept = (cluster.status?.conditions ?? []).filter(({ type }) => !over.includes(type))
  const conditions = decision.conditions.reduce<readonly Condition[]>(
    (list, verdict: ClusterVerdict) => setCondition(list, { ...verdict, ...observed }, new Date(now)),
    kept,
  )
  const next: ClusterStatus = { ...cluster.status, ...decision.fields, ...observed, conditions }
  return deepEqual(next, cluster.status) ? undefined : next
}

/**
 * Writes what `nextStatus` gives. Bound to the version that was judged: a status that another replica has written
 * meanwhile is not overwritten unseen. Throws `KubeApiError`, a conflict among them.
 */
export async function writeStatus(
  client: KubeClient,
  cluster: Cluster,
  decision: StatusDecision,
  now: number,
): Promise<void> {
  const status = nextStatus(cluster, decision, now)
  if (status === undefined) return
  await client.mergePatch(
    clusterKind,
    keyOf(cluster),
    { metadata: { resourceVersion: cluster.metadata.resourceVersion }, status },
    { fieldManager, subresource: 'status' },
  )
}

/**
 * Writes which key of the primary a member trusts, and nothing else: a replica that hears it need not be the one that
 * judges the rest. Throws `KubeApiError`, a conflict among them.
 */
export async function writeTrusted(client: KubeClient, cluster: Cluster, primaryKeyId: string): Promise<void> {
  await client.mergePatch(
    clusterKind,
    keyOf(cluster),
    { metadata: { resourceVersion: cluster.metadata.resourceVersion }, status: { primaryKeyId } },
    { fieldManager, subresource: 'status' },
  )
}
