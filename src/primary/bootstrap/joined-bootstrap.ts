/**
 * The Bootstrap that a join makes beside its Cluster, as the record of what the secondary reported: how it is written,
 * and what it leads to later. It never creates a Cluster, has no status, and goes with its Cluster.
 */
import type { Bootstrap } from '../../api/bootstrap.ts'
import type { Cluster } from '../../api/cluster.ts'
import { apiVersion, createdByLabel } from '../../api/group.ts'
import { deepEqual } from '../../lib/deep-equal.ts'

type K10 = Cluster['spec']['k10']

/** The key of its only entry. */
const entryKey = 'cluster'

export type JoinedBootstrapDecision =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'update'; readonly cluster: Cluster; readonly k10: K10 }
  /** Its Cluster is not in the cache: ask the API server, then delete the Bootstrap if it is gone. */
  | { readonly kind: 'delete-if-gone'; readonly clusterName: string }

/** The record of a cluster that joined; `name` is the Cluster's or, where that is taken, `<name>-join`. */
export function joinedBootstrap(options: {
  name: string
  namespace: string
  clusterName: string
  k10: K10
}): Bootstrap {
  return {
    apiVersion,
    kind: 'Bootstrap',
    metadata: { name: options.name, namespace: options.namespace, labels: { [createdByLabel]: 'join' } },
    spec: { clusters: { [entryKey]: { name: options.clusterName, primary: false, k10: options.k10 } } },
  }
}

/** The names such a record may have, best first. */
export function recordNames(clusterName: string): readonly [string, string] {
  return [clusterName, `${clusterName}-join`]
}

/** The Cluster that a record belongs to. */
export function recordedCluster(bootstrap: Bootstrap): string | undefined {
  return Object.values(bootstrap.spec.clusters)[0]?.name
}

/** What was recorded of the cluster; a user may have edited it since. */
export function recordedK10(bootstrap: Bootstrap): K10 | undefined {
  return Object.values(bootstrap.spec.clusters)[0]?.k10
}

export interface JoinedBootstrapObservation {
  readonly bootstrap: Bootstrap
  readonly clusterNamed: (name: string) => Cluster | undefined
  /** Whether another Bootstrap has better right to the name: two that both wrote would write for ever. */
  readonly isOutranked: boolean
}

/** Decides for a Bootstrap that a join made: a user's edit of it reaches the Cluster. */
export function decideJoinedBootstrap(observed: JoinedBootstrapObservation): JoinedBootstrapDecision {
  const clusterName = recordedCluster(observed.bootstrap)
  const k10 = recordedK10(observed.bootstrap)
  if (clusterName === undefined || k10 === undefined) return { kind: 'nothing' }
  const cluster = observed.clusterNamed(clusterName)
  if (cluster === undefined) return { kind: 'delete-if-gone', clusterName }
  // Whoever may create Bootstraps can make something like a record: it speaks for nobody who has not joined.
  if (observed.isOutranked || cluster.spec.member === undefined) return { kind: 'nothing' }
  if (cluster.metadata.deletionTimestamp !== undefined || deepEqual(cluster.spec.k10, k10)) return { kind: 'nothing' }
  return { kind: 'update', cluster, k10 }
}
