/**
 * In which order all of conjoin is taken off a cluster, and what stays. Pure. Whoever relies on an object goes before it:
 * the door is closed first, then members are told, then what the primary knew of them goes.
 */
import type { Cluster } from '../../api/cluster.ts'
import {
  configMapKind,
  customResourceDefinitionKind,
  type Kind,
  type KubeObject,
  leaseKind,
  namespaceKind,
  secretKind,
} from '../../kube/objects.ts'
import { bootstraps, clusters } from '../kinds.ts'

/** What of conjoin there is on a cluster. */
export interface Inventory {
  readonly tokens: readonly KubeObject[]
  readonly clusters: readonly Cluster[]
  readonly bootstraps: readonly KubeObject[]
  /** In the namespace of the Clusters, and in that of the operator. */
  readonly configMaps: readonly KubeObject[]
  /** The keys of the primary. */
  readonly secrets: readonly KubeObject[]
  readonly leases: readonly KubeObject[]
  readonly namespace: { readonly object: KubeObject; readonly holds: readonly string[] } | undefined
  /** Ours only. */
  readonly definitions: readonly KubeObject[]
  /** Namespaces of Clusters and Bootstraps of other primaries on this cluster. */
  readonly otherPrimaries: readonly string[]
  readonly secondary: { readonly secrets: readonly KubeObject[]; readonly configMaps: readonly KubeObject[] }
}

export interface Doomed {
  readonly kind: Kind
  readonly object: KubeObject
}

export interface Stage {
  readonly doomed: readonly Doomed[]
  /** The next stage begins when these are gone. */
  readonly isAwaited: boolean
}

export interface PurgePlan {
  readonly stages: readonly Stage[]
  /** What stays, and why. */
  readonly kept: readonly string[]
}

export function planPurge(inventory: Inventory): PurgePlan {
  const { namespace, otherPrimaries, definitions, secondary } = inventory
  const isEmptied = namespace !== undefined && namespace.holds.length === 0
  const stages = [
    stage(secretKind, inventory.tokens), // nobody joins any more
    // Awaited: the operator stores for each what its secondary will be told.
    stage(
      clusters,
      inventory.clusters.filter(({ spec }) => !spec.primary),
      true,
    ),
    stage(
      clusters,
      inventory.clusters.filter(({ spec }) => spec.primary),
      true,
    ), // waits for the secondaries itself
    stage(bootstraps, inventory.bootstraps), // an entry would register a Cluster anew
    stage(configMapKind, inventory.configMaps),
    stage(secretKind, inventory.secrets), // while Clusters or tokens were there, a missing key was a loss
    stage(leaseKind, inventory.leases),
    stage(namespaceKind, isEmptied ? [namespace.object] : []),
    stage(customResourceDefinitionKind, otherPrimaries.length === 0 ? definitions : []),
    stage(secretKind, secondary.secrets),
    stage(configMapKind, secondary.configMaps),
  ]
  return { stages: stages.filter(({ doomed }) => doomed.length > 0), kept: keptBy(inventory) }
}

function stage(kind: Kind, objects: readonly KubeObject[], isAwaited = false): Stage {
  return { doomed: objects.map((object) => ({ kind, object })), isAwaited }
}

function keptBy({ namespace, otherPrimaries, definitions }: Inventory): readonly string[] {
  return [
    ...(namespace === undefined || namespace.holds.length === 0
      ? []
      : [`the namespace ${namespace.object.metadata.name} stays: it also holds ${namespace.holds.join(', ')}`]),
    ...(otherPrimaries.length === 0 || definitions.length === 0
      ? []
      : [`the definitions stay: there are Clusters or Bootstraps in ${otherPrimaries.join(', ')}`]),
  ]
}
