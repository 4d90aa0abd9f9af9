/** Brings `spec.k10` of a Cluster in line with what its Bootstrap says; the one way in which it changes. */
import { type Cluster, clusterKind } from '../../api/cluster.ts'
import type { KubeClient } from '../../kube/client.ts'
import { keyOf } from '../../kube/objects.ts'
import { fieldManager } from '../field-manager.ts'

/**
 * Writes `k10` whole, so that a field that is gone from it goes from the Cluster. Bound to the version that was looked
 * at: a Cluster that a user has just deleted is not made again. Throws `KubeApiError`.
 */
export async function writeK10(client: KubeClient, cluster: Cluster, k10: Cluster['spec']['k10']): Promise<void> {
  const ingress = k10.ingress ?? null
  await client.mergePatch(
    clusterKind,
    keyOf(cluster),
    { metadata: { resourceVersion: cluster.metadata.resourceVersion }, spec: { k10: { ...k10, ingress } } },
    { fieldManager },
  )
}
