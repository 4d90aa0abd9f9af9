/**
 * Finds what others keep in a namespace that a purge would delete: what people would miss of Kubernetes itself, and all of
 * kinds that were added to the cluster. It changes nothing, and reads no value of a Secret.
 */
import { customResourceDefinitions } from '../../api/definitions.ts'
import type { KubeClient } from '../../kube/client.ts'
import { isNotFound } from '../../kube/errors.ts'
import { customResourceDefinitionKind, type Kind, type KubeObject } from '../../kube/objects.ts'
import { objectName } from '../output.ts'

/** Secrets and ConfigMaps are looked at by name elsewhere: some of them are ours. */
const builtIn: readonly Kind[] = [
  { apiVersion: 'v1', kind: 'PersistentVolumeClaim', plural: 'persistentvolumeclaims', namespaced: true },
  { apiVersion: 'v1', kind: 'Service', plural: 'services', namespaced: true },
  { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true },
  { apiVersion: 'apps/v1', kind: 'Deployment', plural: 'deployments', namespaced: true },
  { apiVersion: 'apps/v1', kind: 'StatefulSet', plural: 'statefulsets', namespaced: true },
  { apiVersion: 'apps/v1', kind: 'DaemonSet', plural: 'daemonsets', namespaced: true },
  { apiVersion: 'batch/v1', kind: 'CronJob', plural: 'cronjobs', namespaced: true },
]

/** As far as it says how its objects are asked for. */
interface Definition extends KubeObject {
  readonly spec?: {
    readonly group: string
    readonly scope: string
    readonly names: { readonly kind: string; readonly plural: string }
    readonly versions: readonly { readonly name: string; readonly served: boolean }[]
  }
}

const definitionKind: Kind<Definition> = customResourceDefinitionKind

/** The names of the objects, as kubectl writes them. Throws `KubeApiError`. */
export async function heldByOthers(client: Pick<KubeClient, 'list'>, namespace: string): Promise<readonly string[]> {
  const definitions = await client.list(definitionKind, {})
  const kinds = [...builtIn, ...definitions.items.flatMap(addedKind)]
  const held = await Promise.all(
    kinds.map(async (kind) =>
      (await listed(client, kind, namespace)).map(({ metadata }) => objectName(kind, metadata.name)),
    ),
  )
  return held.flat()
}

function addedKind({ metadata, spec }: Definition): readonly Kind[] {
  const isOurs = customResourceDefinitions.some((ours) => ours.metadata.name === metadata.name)
  const version = spec?.versions.find(({ served }) => served)
  if (isOurs || spec?.scope !== 'Namespaced' || version === undefined) return []
  const { kind, plural } = spec.names
  return [{ apiVersion: `${spec.group}/${version.name}`, kind, plural, namespaced: true }]
}

/** None where the kind has gone meanwhile. */
async function listed(client: Pick<KubeClient, 'list'>, kind: Kind, namespace: string): Promise<readonly KubeObject[]> {
  try {
    return (await client.list(kind, { namespace })).items
  } catch (error) {
    if (isNotFound(error)) return []
    throw error
  }
}
