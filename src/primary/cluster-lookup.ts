/** Finds the Clusters that bear on a join or a heartbeat: by name, by uid and by key. */
import { type Cluster, clusterKind } from '../api/cluster.ts'
import type { KubeClient } from '../kube/client.ts'
import type { Informer } from '../kube/informer.ts'
import type { KubeObject, ObjectKey } from '../kube/objects.ts'
import { goodKeys } from './cluster/key-use.ts'

export const clusterIndexes = {
  uid: (cluster: Cluster): readonly string[] => (cluster.spec.member === undefined ? [] : [cluster.spec.member.uid]),
  token: (cluster: Cluster): readonly string[] =>
    cluster.spec.member === undefined ? [] : [cluster.spec.member.tokenId],
  /** Also by the key before the present one, as long as that is good. */
  key: (cluster: Cluster): readonly string[] => goodKeys(cluster),
  primary: (cluster: Cluster): readonly string[] => (cluster.spec.primary ? ['true'] : []),
}

export interface ClusterLookup {
  named(name: string): Cluster | undefined
  byUid(uid: string): Cluster | undefined
  byKey(keyId: string): Cluster | undefined
  /** The primary's own; several where a user made more by hand. */
  primaries(): readonly Cluster[]
  /** As the API server has it now. Throws `KubeApiError`. */
  live(name: string): Promise<Cluster | undefined>
  /**
   * Whether an older Cluster is of the same uid or key: two come only from a race, and the older one is the member. The
   * cache points to it, and the API server has the word. Throws `KubeApiError`.
   */
  hasElder(cluster: Cluster): Promise<boolean>
}

export function createClusterLookup(deps: {
  client: KubeClient
  informer: Informer<Cluster>
  namespace: string
}): ClusterLookup {
  const key = (name: string): ObjectKey => ({ namespace: deps.namespace, name })
  const byUid = (uid: string) => oldest(deps.informer.by('uid', uid))
  const byKey = (keyId: string) => oldest(deps.informer.by('key', keyId))
  const live = async (name: string) => deps.client.get<Cluster>(clusterKind, key(name))
  return {
    named: (name) => deps.informer.get(key(name)),
    byUid,
    byKey,
    primaries: () => deps.informer.by('primary', 'true'),
    live,
    async hasElder(cluster) {
      const { member } = cluster.spec
      if (member === undefined) return false
      // The cache may not have this Cluster yet, and show a younger one as the oldest.
      const cached = [byUid(member.uid), byKey(member.keyId)].flatMap((other) =>
        other !== undefined && ageOrder(other, cluster) < 0 ? [other.metadata.name] : [],
      )
      const elders = await Promise.all(cached.map(live))
      return elders.some((elder) => {
        // Made anew under its name, it is the younger of the two, or the very Cluster that is looked at.
        if (elder === undefined || ageOrder(elder, cluster) >= 0) return false
        return elder.spec.member?.uid === member.uid || elder.spec.member?.keyId === member.keyId
      })
    },
  }
}

/** Two Clusters of one uid or key come only from a race, and the older one is the member. */
export function oldest(clusters: readonly Cluster[]): Cluster | undefined {
  return clusters.toSorted(ageOrder)[0]
}

/** Negative where `a` is older; of the same second, by name. Every replica must come to the same order. */
export function ageOrder(a: KubeObject, b: KubeObject): number {
  const [first, second] = [a.metadata.name, b.metadata.name]
  return createdAt(a) - createdAt(b) || Number(first > second) - Number(first < second)
}

function createdAt(object: KubeObject): number {
  return Date.parse(object.metadata.creationTimestamp ?? '')
}
