/** What identifies a cluster for ever. */
import type { KubeClient } from './client.ts'
import { namespaceKind } from './objects.ts'

/** UID of the cluster's `kube-system` namespace. Throws `KubeApiError`, and an error where there is no such namespace. */
export async function kubeSystemUid(client: KubeClient): Promise<string> {
  const namespace = await client.get(namespaceKind, { name: 'kube-system' })
  if (namespace?.metadata.uid === undefined) throw new Error('this cluster has no namespace kube-system')
  return namespace.metadata.uid
}
