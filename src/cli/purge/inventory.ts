/** Finds what of conjoin there is on a cluster, on either side. It changes nothing, and reads no value of a Secret. */

import { customResourceDefinitions } from '../../api/definitions.ts'
import { managedBy, managedByLabel, sightingsLabel } from '../../api/group.ts'
import { joinTokenType } from '../../api/join-token-secret.ts'
import { mcClusterInfoName } from '../../api/mc-cluster-info.ts'
import { mcIdentityName } from '../../api/mc-identity.ts'
import { mcJoinConfigName, mcJoinName } from '../../api/mc-join.ts'
import { mcJoinStatusName } from '../../api/mc-join-status.ts'
import { primaryIdentityName } from '../../api/primary-identity.ts'
import { primaryTlsName } from '../../api/primary-tls.ts'
import type { KubeClient, Selection } from '../../kube/client.ts'
import { KubeApiError } from '../../kube/errors.ts'
import {
  configMapKind,
  customResourceDefinitionKind,
  type Kind,
  type KubeObject,
  leaseKind,
  namespaceKind,
  type Secret,
  secretKind,
} from '../../kube/objects.ts'
import { tombstonesName } from '../../primary/cluster/tombstones.ts'
import type { Places } from '../diagnosis/gather/places.ts'
import { bootstraps, clusters } from '../kinds.ts'
import { heldByOthers } from './others.ts'
import type { Inventory } from './plan.ts'

/** Kubernetes puts it into every namespace. */
const everywhere = 'kube-root-ca.crt'

type Client = Pick<KubeClient, 'get' | 'list'>

/** Throws `KubeApiError`. */
export async function takeInventory(client: Client, places: Places): Promise<Inventory> {
  const { primary, operator, secondary } = places
  const [allClusters, allBootstraps, secrets] = await Promise.all([
    listed(client, clusters, {}),
    listed(client, bootstraps, {}),
    listed(client, secretKind, { namespace: primary }),
  ])
  const own = ({ metadata }: KubeObject) => metadata.namespace === primary
  const others = [...allClusters, ...allBootstraps].filter((object) => !own(object))
  return {
    tokens: secrets.filter(isToken),
    clusters: allClusters.filter(own),
    bootstraps: allBootstraps.filter(own),
    configMaps: [
      ...(await named(client, configMapKind, primary, [tombstonesName])),
      ...(await listed(client, configMapKind, { namespace: operator, labelSelector: sightingsLabel })),
    ],
    secrets: await named(client, secretKind, operator, [primaryIdentityName, primaryTlsName]),
    leases: [
      ...(await named(client, leaseKind, operator, ['conjoin-primary'])),
      ...(await named(client, leaseKind, secondary, ['conjoin-secondary'])),
    ],
    namespace: await viewNamespace(client, primary, secrets),
    definitions: (await definitions(client)).filter(isOurs),
    otherPrimaries: [...new Set(others.map(({ metadata }) => metadata.namespace ?? ''))].toSorted(),
    secondary: {
      secrets: await named(client, secretKind, secondary, [
        mcJoinName,
        mcJoinStatusName,
        mcClusterInfoName,
        mcIdentityName,
      ]),
      configMaps: await named(client, configMapKind, secondary, [mcJoinConfigName]),
    },
  }
}

async function definitions(client: Client): Promise<readonly KubeObject[]> {
  const names = customResourceDefinitions.map(({ metadata }) => metadata.name)
  const found = await Promise.all(names.map(async (name) => client.get(customResourceDefinitionKind, { name })))
  return found.filter((object) => object !== undefined)
}

function isOurs({ metadata }: KubeObject): boolean {
  return metadata.labels?.[managedByLabel] === managedBy
}

function isToken({ type }: Secret): boolean {
  return type === joinTokenType
}

/** With what somebody else keeps in it: a namespace is deleted with all that it holds. */
async function viewNamespace(
  client: Client,
  name: string,
  secrets: readonly Secret[],
): Promise<Inventory['namespace']> {
  const object = await client.get(namespaceKind, { name })
  if (object === undefined) return undefined
  const configMaps = await listed(client, configMapKind, { namespace: name })
  const ours: readonly string[] = [everywhere, tombstonesName]
  const holds = [
    ...secrets.filter((secret) => !isToken(secret)).map(({ metadata }) => `secret/${metadata.name}`),
    ...configMaps
      .filter(({ metadata }) => !ours.includes(metadata.name))
      .map(({ metadata }) => `configmap/${metadata.name}`),
    ...(await heldByOthers(client, name)),
  ]
  return { object, holds }
}

async function named(
  client: Client,
  kind: Kind,
  namespace: string,
  names: readonly string[],
): Promise<readonly KubeObject[]> {
  const found = await Promise.all(names.map(async (name) => client.get(kind, { namespace, name })))
  return found.filter((object) => object !== undefined)
}

/** None where the kind is not served. */
async function listed<T extends KubeObject>(
  client: Client,
  kind: Kind<T>,
  selection: Selection,
): Promise<readonly T[]> {
  try {
    return (await client.list(kind, selection)).items
  } catch (error) {
    if (error instanceof KubeApiError && error.status === 404) return []
    throw error
  }
}
