/**
 * The Bootstrap of the primary that the operator's own flags ask for: made where nobody has named a primary, and kept
 * at the address that the flags say. A Bootstrap that a user has written always stands above it.
 */
import { type Bootstrap, bootstrapKind } from '../../api/bootstrap.ts'
import type { Cluster } from '../../api/cluster.ts'
import { apiVersion, createdByLabel } from '../../api/group.ts'
import type { KubeClient } from '../../kube/client.ts'
import type { Outcome } from '../../kube/controller.ts'
import { isAlreadyExists } from '../../kube/errors.ts'
import type { Informer } from '../../kube/informer.ts'
import { keyOf } from '../../kube/objects.ts'
import type { Logger } from '../../lib/logger.ts'
import { oldest } from '../cluster-lookup.ts'
import { fieldManager } from '../field-manager.ts'

/** What the flags say. */
export interface RequestedPrimary {
  readonly name: string
  readonly ingressUrl: string
}

/** The name of the Bootstrap and of its only entry. */
const bootstrapName = 'bootstrap-primary'
const entryKey = 'primary-cluster'
/** Value of the label `created-by`; without the label the Bootstrap is the user's and is left alone. */
const createdByFlags = 'flags'

export type RequestDecision =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'create'; readonly bootstrap: Bootstrap }
  | { readonly kind: 'follow'; readonly bootstrap: Bootstrap }

export interface RequestObservation {
  readonly request: RequestedPrimary
  readonly namespace: string
  /** The Bootstraps that name a primary. */
  readonly bootstraps: readonly Bootstrap[]
  readonly primaryCluster: Cluster | undefined
}

/** First match wins. */
export function decideRequestedPrimary(observed: RequestObservation): RequestDecision {
  const { request, bootstraps, namespace } = observed
  const own = bootstraps.find(isRequested)
  if (own !== undefined)
    return urlOf(own) === request.ingressUrl ? { kind: 'nothing' } : { kind: 'follow', bootstrap: own }
  // Deleting a Bootstrap deletes no Cluster, and is no request for another Bootstrap either.
  if (bootstraps.length > 0 || observed.primaryCluster !== undefined) return { kind: 'nothing' }
  return { kind: 'create', bootstrap: bootstrapOf(request, namespace) }
}

function isRequested({ metadata, spec }: Bootstrap): boolean {
  const isLabelled = metadata.name === bootstrapName && metadata.labels?.[createdByLabel] === createdByFlags
  return isLabelled && spec.clusters[entryKey]?.primary === true
}

function urlOf(bootstrap: Bootstrap): string | undefined {
  return bootstrap.spec.clusters[entryKey]?.k10.ingress?.url
}

function bootstrapOf({ name, ingressUrl }: RequestedPrimary, namespace: string): Bootstrap {
  return {
    apiVersion,
    kind: bootstrapKind.kind,
    metadata: { name: bootstrapName, namespace, labels: { [createdByLabel]: createdByFlags } },
    spec: {
      clusters: {
        [entryKey]: {
          name,
          primary: true,
          k10: { namespace: 'kasten-io', releaseName: 'k10', ingress: { url: ingressUrl } },
        },
      },
    },
  }
}

export interface RequestedPrimaryDeps {
  readonly client: KubeClient
  readonly namespace: string
  readonly request: RequestedPrimary
  readonly bootstraps: Informer<Bootstrap>
  readonly clusters: Informer<Cluster>
}

/** Carries it out; throws `KubeApiError`. */
export async function reconcileRequestedPrimary(deps: RequestedPrimaryDeps, log: Logger): Promise<Outcome> {
  const decision = decideRequestedPrimary({
    request: deps.request,
    namespace: deps.namespace,
    bootstraps: deps.bootstraps.by('primary', ''),
    primaryCluster: oldest(deps.clusters.by('primary', 'true')),
  })
  switch (decision.kind) {
    case 'nothing':
      break
    case 'create':
      await create(deps.client, decision.bootstrap)
      log.info({ cluster: deps.request.name }, 'the Bootstrap of the primary was created, as the flags ask')
      break
    case 'follow':
      await follow(deps.client, decision.bootstrap, deps.request)
      log.info({ cluster: deps.request.name }, 'the Bootstrap of the primary follows the flags')
  }
  return { kind: 'done' }
}

/** Another one of this name is looked at when the cache shows it. */
async function create(client: KubeClient, bootstrap: Bootstrap): Promise<void> {
  try {
    await client.create<Bootstrap>(bootstrapKind, bootstrap, { fieldManager })
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
}

async function follow(client: KubeClient, bootstrap: Bootstrap, request: RequestedPrimary): Promise<void> {
  const { resourceVersion } = bootstrap.metadata
  const entry = { k10: { ingress: { url: request.ingressUrl } } }
  const patch = { metadata: { resourceVersion }, spec: { clusters: { [entryKey]: entry } } }
  await client.mergePatch(bootstrapKind, keyOf(bootstrap), patch, { fieldManager })
}
