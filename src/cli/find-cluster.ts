/** Reads one Cluster that the user has named. Owns the words for one that is not there. */
import type { Cluster } from '../api/cluster.ts'
import type { KubeClient } from '../kube/client.ts'
import { kubectl, type Target } from './command-line.ts'
import { CliError } from './errors.ts'
import { clusters } from './kinds.ts'

/** Throws `CliError` where there is none of this name. */
export async function readCluster(
  client: Pick<KubeClient, 'get'>,
  key: { readonly namespace: string; readonly name: string },
  target: Target,
): Promise<Cluster> {
  const cluster = await client.get(clusters, key)
  if (cluster !== undefined) return cluster
  throw new CliError(`there is no Cluster ${key.name} in ${key.namespace}`, {
    next: kubectl(target, 'get', 'clusters.dist.kio.kasten.io', '-n', key.namespace),
  })
}
