/**
 * Objects as an administrator reads them from the API itself. Tests look many times a second, and kubectl takes a process
 * for each look. Reads only: what users do, they do with kubectl.
 */
import { group, version } from '../../src/api/group.ts'
import type { KubeObject } from '../../src/kube/objects.ts'
import type { ClusterAccess } from '../../tools/controlplane/access.ts'

const ownKinds = `/apis/${group}/${version}`

/** Where the objects of a kind are, and their plural. */
const places = {
  bootstrap: [ownKinds, 'bootstraps'],
  cluster: [ownKinds, 'clusters'],
  configmap: ['/api/v1', 'configmaps'],
  deployment: ['/apis/apps/v1', 'deployments'],
  event: ['/apis/events.k8s.io/v1', 'events'],
  lease: ['/apis/coordination.k8s.io/v1', 'leases'],
  pod: ['/api/v1', 'pods'],
  secret: ['/api/v1', 'secrets'],
} as const

export type Kind = keyof typeof places

/** The object, or undefined where it does not exist. */
export async function read<T extends KubeObject>(
  controlPlane: ClusterAccess,
  namespace: string,
  kind: Kind,
  name: string,
): Promise<T | undefined> {
  const text = await controlPlane.get(`${pathOf(kind, namespace)}/${name}`)
  return text === undefined ? undefined : (JSON.parse(text) as T)
}

/** All objects of a kind in a namespace; none where the kind does not exist. */
export async function list<T extends KubeObject>(
  controlPlane: ClusterAccess,
  namespace: string,
  kind: Kind,
): Promise<readonly T[]> {
  const text = await controlPlane.get(pathOf(kind, namespace))
  if (text === undefined) return []
  const { kind: listKind, items } = JSON.parse(text) as { kind: string; items: T[] }
  // In a list, objects of the built-in kinds do not say what they are.
  return items.map((item) => ({ ...item, kind: listKind.replace(/List$/, '') }))
}

function pathOf(kind: Kind, namespace: string): string {
  const [api, plural] = places[kind]
  return `${api}/namespaces/${namespace}/${plural}`
}
