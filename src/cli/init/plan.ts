/** What makes a cluster a primary, as objects. Pure; nothing is known here of what the cluster has already. */
import type { Bootstrap } from '../../api/bootstrap.ts'
import { isClusterName } from '../../api/cluster-name.ts'
import { type CustomResourceDefinition, customResourceDefinitions } from '../../api/definitions.ts'
import { parseEndpoint } from '../../api/endpoint.ts'
import { apiVersion } from '../../api/group.ts'
import type { KubeObject } from '../../kube/objects.ts'
import { misuse } from '../errors.ts'

export interface PrimaryPlan {
  readonly namespace: KubeObject
  readonly definitions: readonly CustomResourceDefinition[]
  readonly bootstrap: Bootstrap
}

/** Throws `CliError` for a name or an address that the API server would refuse. */
export function planPrimary(wish: {
  readonly name: string
  readonly ingress: string
  readonly namespace: string
}): PrimaryPlan {
  const { name, ingress, namespace } = wish
  if (!isClusterName(name)) throw misuse('--name is not an RFC 1123 subdomain of at most 63 characters', 'init')
  const endpoint = parseEndpoint(ingress)
  if (!endpoint.ok) throw misuse(`--ingress ${endpoint.fault}`, 'init')
  const k10 = { namespace: 'kasten-io', releaseName: 'k10', ingress: { url: ingress } }
  return {
    namespace: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    definitions: customResourceDefinitions,
    bootstrap: {
      apiVersion,
      kind: 'Bootstrap',
      metadata: { name: 'bootstrap-primary', namespace },
      spec: { clusters: { 'primary-cluster': { name, primary: true, k10 } } },
    },
  }
}

/** Of two Bootstraps: whether they name the same primary at the same address. */
export function isSamePrimary(one: Bootstrap, other: Bootstrap): boolean {
  const [a, b] = [primaryOf(one), primaryOf(other)]
  return a?.name === b?.name && withoutSlash(a?.k10.ingress?.url) === withoutSlash(b?.k10.ingress?.url)
}

export function primaryOf({ spec }: Bootstrap): Bootstrap['spec']['clusters'][string] | undefined {
  return Object.values(spec.clusters).find(({ primary }) => primary)
}

function withoutSlash(url: string | undefined): string | undefined {
  return url?.replace(/\/+$/, '')
}
