/** The two clusters of a join: how each is reached, and what is looked at before anything is changed. */
import { decodeClusterInfo, mcClusterInfoName } from '../../api/mc-cluster-info.ts'
import { mcJoinConfigName, mcJoinName } from '../../api/mc-join.ts'
import type { KubeClient } from '../../kube/client.ts'
import { type ConfigMap, configMapKind, namespaceKind, type Secret, secretKind } from '../../kube/objects.ts'
import { kubectl, type Target } from '../command-line.ts'
import { CliError, explain } from '../errors.ts'
import { clusters } from '../kinds.ts'
import type { BothSides } from './plan.ts'

export interface Side {
  readonly client: KubeClient
  readonly target: Target
  readonly namespace: string
}

/** Does something on one side; what fails there is told as that side's failure. Throws `CliError` for it. */
export async function at<T>(side: Side, work: (client: KubeClient) => Promise<T>): Promise<T> {
  try {
    return await work(side.client)
  } catch (error) {
    throw explain(error, side.target)
  }
}

/** Throws `CliError`. */
export async function lookAtBoth(primary: Side, secondary: Side): Promise<BothSides> {
  const [primaryUid, secondaryUid, info, registered] = await Promise.all([
    at(primary, async () => readUid(primary)),
    at(secondary, async () => readUid(secondary)),
    at(secondary, async (client) =>
      client.get(secretKind, { namespace: secondary.namespace, name: mcClusterInfoName }),
    ),
    at(primary, async (client) => client.list(clusters, { namespace: primary.namespace })),
  ])
  const membership = decodeClusterInfo(info?.data)?.membership
  return { primaryUid, secondaryUid, clusters: registered.items, membership }
}

/** What a cluster is identified by: the UID of its namespace `kube-system`. */
async function readUid({ client, target }: Side): Promise<string> {
  const uid = (await client.get(namespaceKind, { name: 'kube-system' }))?.metadata.uid
  if (uid !== undefined) return uid
  throw new CliError('this cluster has no namespace kube-system, so it cannot be told from others', {
    next: kubectl(target, 'get', 'namespaces'),
  })
}

export interface StoredGiven {
  readonly join: Secret | undefined
  readonly config: ConfigMap | undefined
}

/** What the secondary has been given so far. Throws `CliError`, also where `mc-join` cannot be changed. */
export async function readGiven(secondary: Side): Promise<StoredGiven> {
  const { namespace, target } = secondary
  const [join, config] = await at(secondary, async (client) =>
    Promise.all([
      client.get(secretKind, { namespace, name: mcJoinName }),
      client.get(configMapKind, { namespace, name: mcJoinConfigName }),
    ]),
  )
  if (join?.immutable !== true) return { join, config }
  throw new CliError(`the Secret ${mcJoinName} in ${namespace} is immutable; delete it first`, {
    next: kubectl(target, 'delete', 'secret', mcJoinName, '-n', namespace),
  })
}
