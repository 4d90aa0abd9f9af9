/** The controller of Clusters over an API server in memory, where no Bootstrap names any of them and nobody is silent. */
import type { Bootstrap } from '../../../../src/api/bootstrap.ts'
import { clusterKind } from '../../../../src/api/cluster.ts'
import type { Informer } from '../../../../src/kube/informer.ts'
import { createClusterReconciler } from '../../../../src/primary/cluster/cluster.reconcile.ts'
import type { Sightings } from '../../../../src/primary/cluster/sightings.ts'
import { clusterIndexes, createClusterLookup } from '../../../../src/primary/cluster-lookup.ts'
import { namespace } from '../objects.fixture.ts'
import type { world } from './tombstones.fixture.ts'

type World = Awaited<ReturnType<typeof world>>

/** It sees what the API server has now, and later what `api.sync` shows. */
export function clusterController({ api, clock, tombstones }: World, sightings: Sightings) {
  const clusters = api.cache(clusterKind, clusterIndexes)
  return createClusterReconciler({
    client: api.client,
    clusters,
    lookup: createClusterLookup({ client: api.client, informer: clusters, namespace }),
    bootstraps: { by: () => [] } as unknown as Informer<Bootstrap>,
    tombstones,
    sightings,
    outage: { atLoss: () => ({ kind: 'none' }), look: () => ({ kind: 'none' }) },
    own: () => ({ uid: 'uid-primary', versions: { operator: '1', kubernetes: '1' } }),
    interval: () => 20_000,
    followed: { longest: () => 20_000 },
    clock,
  })
}
