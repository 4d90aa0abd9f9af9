/** What the Clusters of a simulated week have ever said of their health, as a watch shows it to an administrator. */
import { type Cluster, clusterKind } from '../../../src/api/cluster.ts'
import type { KubeClient } from '../../../src/kube/client.ts'
import { createInformer } from '../../../src/kube/informer.ts'
import type { Clock } from '../../../src/lib/clock.ts'
import { deepEqual } from '../../../src/lib/deep-equal.ts'
import type { Logger } from '../../../src/lib/logger.ts'
import type { Journal } from './journal.ts'

export interface Ledger {
  cluster(name: string): Cluster | undefined
  clusters(): readonly Cluster[]
  /** The reason of the condition Healthy. */
  health(name: string): string | undefined
  /** Calls with the name of each Cluster that is called lost. */
  onLost(listener: (name: string) => void): void
  run(signal: AbortSignal): Promise<void>
}

export function followClusters(deps: {
  client: KubeClient
  namespace: string
  clock: Clock
  log: Logger
  journal: Journal
}): Ledger {
  const { namespace, journal } = deps
  const informer = createInformer<Cluster>({ ...deps, kind: clusterKind })
  const cluster = (name: string) => informer.get({ namespace, name })
  informer.onChange((change) => {
    const { name } = change.object.metadata
    const shown = shownBy(change.object)
    if (change.type === 'updated' && deepEqual(shown, shownBy(change.previous))) return
    journal.note('the API server', `${change.type} the Cluster`, { name, ...shown })
  })
  return {
    cluster,
    health: (name) => reasonOf(cluster(name)),
    clusters: () => informer.list(),
    onLost(listener) {
      informer.onChange((change) => {
        if (change.type !== 'updated' || reasonOf(change.object) === reasonOf(change.previous)) return
        if (reasonOf(change.object) === 'NoHeartbeat') listener(change.object.metadata.name)
      })
    },
    run: async (signal) => informer.run(signal),
  }
}

function reasonOf(cluster: Cluster | undefined): string | undefined {
  return cluster?.status?.conditions?.find(({ type }) => type === 'Healthy')?.reason
}

/** What is news of a Cluster in a journal. */
function shownBy({ metadata, spec, status }: Cluster): object {
  const { uid, deletionTimestamp } = metadata
  const conditions = (status?.conditions ?? []).map(({ type, status: is, reason }) => `${type}=${is}/${reason}`)
  const { keyId, primaryKeyId } = status ?? {}
  return { uid, deletionTimestamp, member: spec.member, conditions, used: { keyId, primaryKeyId } }
}
