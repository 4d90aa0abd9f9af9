/**
 * What tells a secondary that something has changed: one watch for each of its objects, because rights by name allow no
 * wider one. The caches are used for the content of `mc-join` only, to notice that a join in flight is out of date.
 */
import { mcClusterInfoName } from '../api/mc-cluster-info.ts'
import { mcIdentityName } from '../api/mc-identity.ts'
import { mcJoinConfigName, mcJoinName } from '../api/mc-join.ts'
import { mcJoinStatusName } from '../api/mc-join-status.ts'
import type { KubeClient } from '../kube/client.ts'
import { createInformer } from '../kube/informer.ts'
import { type ConfigMap, configMapKind, type Kind, type KubeObject, type Secret, secretKind } from '../kube/objects.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { GivenObjects } from './objects.ts'

export interface Watches {
  /** What the user gives, as last heard of. */
  given(): GivenObjects
  /** Calls for every change of any of the objects. */
  onChange(listener: () => void): void
  run(signal: AbortSignal): Promise<void>
  synced(signal: AbortSignal): Promise<void>
  /** Names what has not been read yet, for /readyz. */
  notSynced(): readonly string[]
}

export interface WatchesDeps {
  readonly client: KubeClient
  readonly namespace: string
  readonly clock: Clock
  readonly log: Logger
}

export function createWatches(deps: WatchesDeps): Watches {
  const { namespace } = deps
  const join = watchOne<Secret>(deps, secretKind, mcJoinName)
  const config = watchOne<ConfigMap>(deps, configMapKind, mcJoinConfigName)
  const own = [mcJoinStatusName, mcClusterInfoName, mcIdentityName].map((name) => ({
    name,
    informer: watchOne<Secret>(deps, secretKind, name),
  }))
  const all = [{ name: mcJoinName, informer: join }, { name: mcJoinConfigName, informer: config }, ...own]

  return {
    given: () => ({
      join: join.get({ namespace, name: mcJoinName }),
      config: config.get({ namespace, name: mcJoinConfigName }),
    }),
    onChange(listener) {
      for (const { informer } of all) informer.onChange(listener)
    },
    async run(signal) {
      await Promise.all(all.map(async ({ informer }) => informer.run(signal)))
    },
    async synced(signal) {
      await Promise.all(all.map(async ({ informer }) => informer.synced(signal)))
    },
    notSynced: () =>
      all.flatMap(({ name, informer }) => (informer.hasSynced() ? [] : [`${name} has not been looked up yet`])),
  }
}

function watchOne<T extends KubeObject>({ client, namespace, clock, log }: WatchesDeps, kind: Kind<T>, name: string) {
  return createInformer<T>({ client, kind, namespace, fieldSelector: `metadata.name=${name}`, clock, log })
}
