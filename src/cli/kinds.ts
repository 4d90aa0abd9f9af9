/** The kinds of our own as the client takes them, with the types of their objects. */
import { type Bootstrap, bootstrapKind } from '../api/bootstrap.ts'
import { type Cluster, clusterKind } from '../api/cluster.ts'
import type { Kind } from '../kube/objects.ts'

export const clusters: Kind<Cluster> = clusterKind
export const bootstraps: Kind<Bootstrap> = bootstrapKind
