/** Finds the Clusters that bear on a join or a heartbeat: by name, by uid and by key. */
import { type Cluster, clusterKind } from '../../api/cluster.ts'
import type { KubeClient } from '../../kube/client.ts'
import type { Informer } from '../../kube/informer.ts'
import { keyOf, type ObjectKey } from '../../kube/objects.ts'

export const clusterIndexes = {
  uid: (cluster: Cluster): readonly string[] => (cluster.spec.member === undefined ? [] : [cluster.spec.member.uid]),
  token: (cluster: Cluster): readonly string[] =>
    cluster.spec.member === undefined ? [] : [cluster.spec.member.tokenId],
  key: (cluster: Cluster): readonly string[] => (cluster.spec.member === undefined ? [] : [cluster.spec.member.keyId]),
}

export interface ClusterLookup {
  named(name: string): Cluster | undefined
  byUid(uid: string): Cluster | undefined
  byKey(keyId: string): Cluster | undefined
  /** As the API server has it now. Throws `KubeApiError`. */
  live(name: string): Promise<Cluster | undefined>
}

export function createClusterLookup(deps: {
  client: KubeClient
  informer: Informer<Cluster>
  namespace: string
}): ClusterLookup {
  const key = (name: string): ObjectKey => ({ namespace: deps.namespace, name })
  return {
    named: (name) => deps.informer.get(key(name)),
    byUid: (uid) => oldest(deps.informer.by('uid', uid)),
    byKey: (keyId) => oldest(deps.informer.by('key', keyId)),
    live: (name) => deps.client.get<Cluster>(clusterKind, key(name)),
  }
}

/** Two Clusters of one uid or key come only from a race; the older one is the member. */
export function oldest(clusters: readonly Cluster[]): Cluster | undefined {
  return clusters.toSorted((a, b) => ageOrder(a, b))[0]
}

function ageOrder(a: Cluster, b: Cluster): number {
  return createdAt(a) - createdAt(b) || keyOf(a).name.localeCompare(keyOf(b).name)
}

function createdAt(cluster: Cluster): number {
  return Date.parse(cluster.metadata.creationTimestamp ?? '')
}
