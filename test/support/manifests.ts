/** The objects that users write, as a test writes them. */
import type { Plain } from './kubectl.ts'

const k10 = { namespace: 'kasten-io', releaseName: 'k10' }

/** A Bootstrap with the primary, and with secondaries registered ahead. */
export function bootstrapOf(primary: { name: string; url: string }, ahead: readonly string[]): object {
  const own = { name: primary.name, primary: true, k10: { ...k10, ingress: { url: primary.url } } }
  const others = ahead.map((name) => [name, { name, k10 }] as const)
  return {
    apiVersion: 'dist.kio.kasten.io/v1alpha1',
    kind: 'Bootstrap',
    metadata: { name: 'bootstrap-primary' },
    spec: { clusters: { 'primary-cluster': own, ...Object.fromEntries(others) } },
  }
}

/** A join-token Secret to be filled, with these annotations of ours. */
export function tokenSecretOf(name: string, annotations: Plain): object {
  const own = Object.entries(annotations).map(([key, value]) => [`dist.kio.kasten.io/${key}`, value])
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, annotations: Object.fromEntries(own) },
    type: 'dist.kio.kasten.io/join-token',
  }
}

/** What another product would have installed. */
export const foreignClusters = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'clusters.dist.kio.kasten.io' },
  spec: {
    group: 'dist.kio.kasten.io',
    names: { kind: 'Cluster', plural: 'clusters' },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
}
