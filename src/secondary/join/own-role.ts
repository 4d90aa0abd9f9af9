/** Whether this cluster is a primary itself: then it must not join another. */
import { type Cluster, clusterKind } from '../../api/cluster.ts'
import { clusterTypeLabel } from '../../api/group.ts'
import type { KubeClient } from '../../kube/client.ts'
import { isForbidden, KubeApiError } from '../../kube/errors.ts'
import type { Kind } from '../../kube/objects.ts'

const kind: Kind<Cluster> = clusterKind

/** Reads live. No such kind, and no right to read it, mean that there is no primary here. */
export async function isPrimary(client: KubeClient, namespace: string, signal: AbortSignal): Promise<boolean> {
  try {
    const { items } = await client.list(kind, { namespace, labelSelector: `${clusterTypeLabel}=primary`, signal })
    return items.length > 0
  } catch (error) {
    if (isForbidden(error) || (error instanceof KubeApiError && error.status === 404)) return false
    throw error
  }
}
