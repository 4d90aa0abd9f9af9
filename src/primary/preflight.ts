/** What must hold before the operator touches anything: its two CRDs are there and they are ours. */
import { bootstrapKind } from '../api/bootstrap.ts'
import { clusterKind } from '../api/cluster.ts'
import { group, managedBy, managedByLabel } from '../api/group.ts'
import type { KubeClient } from '../kube/client.ts'
import { customResourceDefinitionKind } from '../kube/objects.ts'

/** The operator cannot run on this cluster; the message says why and what to do. */
export class PreflightError extends Error {
  override readonly name = 'PreflightError'
}

/** Throws `PreflightError` where a definition is missing or somebody else's, `KubeApiError` where the API server fails. */
export async function assertOwnDefinitions(client: KubeClient): Promise<void> {
  for (const { plural } of [bootstrapKind, clusterKind]) {
    const name = `${plural}.${group}`
    const definition = await client.get(customResourceDefinitionKind, { name })
    if (definition === undefined)
      throw new PreflightError(`the CustomResourceDefinition ${name} is missing; install it: kubectl apply -f crds/`)
    if (definition.metadata.labels?.[managedByLabel] !== managedBy)
      throw new PreflightError(
        `the CustomResourceDefinition ${name} belongs to another program (it has no label ${managedByLabel}=${managedBy}); conjoin does not touch it and cannot run beside it`,
      )
  }
}
