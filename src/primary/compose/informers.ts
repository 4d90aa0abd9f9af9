/** The caches of the primary: what it follows, with which selectors and indexes. */
import { type Bootstrap, bootstrapKind } from '../../api/bootstrap.ts'
import { type Cluster, clusterKind } from '../../api/cluster.ts'
import { sightingsLabel } from '../../api/group.ts'
import { joinTokenType } from '../../api/join-token-secret.ts'
import { primaryIdentityName } from '../../api/primary-identity.ts'
import { primaryTlsName } from '../../api/primary-tls.ts'
import type { KubeClient } from '../../kube/client.ts'
import { createInformer } from '../../kube/informer.ts'
import { type ConfigMap, configMapKind, type Secret, secretKind } from '../../kube/objects.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { bootstrapIndexes } from '../bootstrap/precedence.ts'
import { tombstonesName } from '../cluster/tombstones.ts'
import { clusterIndexes } from '../cluster-lookup.ts'
import { indexTokenId, tokenIdIndex } from '../join/token-source.ts'

export type Informers = ReturnType<typeof createInformers>

export function createInformers(deps: {
  client: KubeClient
  namespace: string
  identityNamespace: string
  clock: Clock
  log: Logger
}) {
  const { client, namespace, identityNamespace, clock, log } = deps
  const common = { client, namespace, clock, log }
  const all = {
    bootstraps: createInformer<Bootstrap>({ ...common, kind: bootstrapKind, indexes: bootstrapIndexes }),
    clusters: createInformer<Cluster>({ ...common, kind: clusterKind, indexes: clusterIndexes }),
    tokens: createInformer<Secret>({
      ...common,
      kind: secretKind,
      fieldSelector: `type=${joinTokenType}`,
      indexes: { [tokenIdIndex]: indexTokenId },
    }),
    tombstones: createInformer<ConfigMap>({
      ...common,
      kind: configMapKind,
      fieldSelector: `metadata.name=${tombstonesName}`,
    }),
    identity: createInformer<Secret>({
      ...common,
      namespace: identityNamespace,
      kind: secretKind,
      fieldSelector: `metadata.name=${primaryIdentityName}`,
    }),
  }
  // Nobody waits for it: health is judged better with it, and joins need none.
  const sightings = createInformer<ConfigMap>({
    ...common,
    namespace: identityNamespace,
    kind: configMapKind,
    labelSelector: sightingsLabel,
  })
  // Followed only where the primary ends TLS itself; without it the certificate of the start goes on.
  const certificate = createInformer<Secret>({
    ...common,
    namespace: identityNamespace,
    kind: secretKind,
    fieldSelector: `metadata.name=${primaryTlsName}`,
  })
  const list = Object.entries(all)
  return {
    ...all,
    /** The Secret of the TLS certificate; `run` leaves it out. */
    certificate,
    /** What each replica tells of the members that it has heard. */
    sightings,
    /** Follows the API server until aborted. */
    async run(signal: AbortSignal): Promise<void> {
      await Promise.all([...list.map(([, informer]) => informer), sightings].map((informer) => informer.run(signal)))
    },
    /** Resolves when every cache that is waited for has been filled once. */
    async synced(signal: AbortSignal): Promise<void> {
      await Promise.all(list.map(([, informer]) => informer.synced(signal)))
    },
    notSynced(): readonly string[] {
      return list.flatMap(([name, informer]) => (informer.hasSynced() ? [] : [`the cache of ${name} is not filled`]))
    },
  }
}
