/**
 * Carries out the plan of a primary. It never touches a definition that is not ours, nor a Bootstrap that names another
 * primary; what is there already stays as it is.
 */
import { managedBy, managedByLabel } from '../../api/group.ts'
import type { KubeClient } from '../../kube/client.ts'
import { KubeApiError } from '../../kube/errors.ts'
import { customResourceDefinitionKind, type KubeObject, namespaceKind } from '../../kube/objects.ts'
import type { Changes } from '../changes.ts'
import { kubectl } from '../diagnosis/command-line.ts'
import { CliError } from '../errors.ts'
import type { ClusterFlags, DryRun } from '../flags.ts'
import { bootstraps } from '../kinds.ts'
import type { Surroundings } from '../surroundings.ts'
import { waitFor } from '../wait.ts'
import { isSamePrimary, type PrimaryPlan, primaryOf } from './plan.ts'

export interface InstallDeps extends Pick<Surroundings, 'clock' | 'signal'> {
  readonly client: KubeClient
  readonly changes: Changes
}

type Flags = ClusterFlags & { readonly dryRun: DryRun; readonly timeout: number }

/** Throws `CliError` where something stands in the way, `KubeApiError` where the API server refuses. */
export async function installPrimary(deps: InstallDeps, plan: PrimaryPlan, flags: Flags): Promise<void> {
  const { client, changes } = deps
  await refuseForeign(client, plan, flags)
  const existing = await existingPrimary(client, plan)
  if (existing !== undefined && !isSamePrimary(existing, plan.bootstrap)) throw otherPrimary(existing, flags)

  const { name } = plan.namespace.metadata
  if ((await client.get(namespaceKind, { name })) === undefined) await changes.create(namespaceKind, plan.namespace)
  else changes.unchanged(namespaceKind, name)
  for (const definition of plan.definitions) await installDefinition(deps, definition)
  if (existing !== undefined) return changes.unchanged(bootstraps, existing.metadata.name)
  if (flags.dryRun === 'none') await untilServed(deps, plan, flags)
  await changes.create(bootstraps, plan.bootstrap)
}

/** One that a chart has installed is upgraded with the chart. */
async function installDefinition(
  { client, changes }: InstallDeps,
  definition: PrimaryPlan['definitions'][number],
): Promise<void> {
  const { name } = definition.metadata
  const stored = await client.get(customResourceDefinitionKind, { name })
  if (stored?.metadata.annotations?.['meta.helm.sh/release-name'] === undefined)
    await changes.apply(customResourceDefinitionKind, definition)
  else changes.unchanged(customResourceDefinitionKind, name)
}

async function refuseForeign(client: KubeClient, { definitions }: PrimaryPlan, flags: Flags): Promise<void> {
  for (const { metadata } of definitions) {
    const stored = await client.get(customResourceDefinitionKind, { name: metadata.name })
    if (stored === undefined || stored.metadata.labels?.[managedByLabel] === managedBy) continue
    throw new CliError(
      `the definition ${metadata.name} belongs to another program: it has no label ${managedByLabel}=${managedBy}. conjoin does not touch it and cannot run beside it`,
      { next: kubectl(flags, 'get', 'crd', metadata.name, '--show-labels') },
    )
  }
}

/** A Bootstrap that names a primary already. */
async function existingPrimary(client: KubeClient, { namespace }: PrimaryPlan) {
  try {
    const { items } = await client.list(bootstraps, { namespace: namespace.metadata.name })
    return items.find((bootstrap) => primaryOf(bootstrap) !== undefined)
  } catch (error) {
    // The kind is not there yet.
    if (error instanceof KubeApiError && error.status === 404) return undefined
    throw error
  }
}

function otherPrimary(existing: PrimaryPlan['bootstrap'], flags: Flags): CliError {
  const { name, namespace = '' } = existing.metadata
  const primary = primaryOf(existing)
  const what = `${primary?.name ?? ''} at ${primary?.k10.ingress?.url ?? 'no address'}`
  return new CliError(`the Bootstrap ${name} names another primary: ${what}. Nothing was changed`, {
    next: kubectl(flags, 'get', 'bootstraps.dist.kio.kasten.io', name, '-n', namespace, '-o', 'yaml'),
  })
}

interface Definition extends KubeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
}

async function untilServed(deps: InstallDeps, { definitions }: PrimaryPlan, flags: Flags): Promise<void> {
  for (const { metadata } of definitions) {
    const isServed = await waitFor(deps, flags.timeout, async () => {
      const stored: Definition | undefined = await deps.client.get(customResourceDefinitionKind, metadata)
      return (
        stored?.status?.conditions?.some(({ type, status }) => type === 'Established' && status === 'True') || undefined
      )
    })
    if (isServed) continue
    throw new CliError(`the API server did not take up the definition ${metadata.name}`, {
      next: kubectl(flags, 'describe', 'crd', metadata.name),
    })
  }
}
