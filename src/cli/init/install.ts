/**
 * Carries out the plan of a primary. It never touches a definition that is not ours, nor a Bootstrap that names another
 * primary; what is there already stays as it is.
 */
import type { Bootstrap } from '../../api/bootstrap.ts'
import { managedBy, managedByLabel } from '../../api/group.ts'
import type { KubeClient } from '../../kube/client.ts'
import { customResourceDefinitionKind, type KubeObject, namespaceKind } from '../../kube/objects.ts'
import type { Changes } from '../changes.ts'
import { kubectl } from '../command-line.ts'
import { CliError } from '../errors.ts'
import type { ClusterFlags, DryRun } from '../flags.ts'
import { bootstraps } from '../kinds.ts'
import type { Surroundings } from '../surroundings.ts'
import { waitFor } from '../wait.ts'
import { isSamePrimary, type PrimaryPlan, primaryOf } from './plan.ts'

export interface InstallDeps extends Pick<Surroundings, 'clock' | 'signal'> {
  readonly client: KubeClient
  readonly changes: Changes
  /** Changes that are told and not sent. */
  readonly pretended: Changes
}

type Flags = ClusterFlags & { readonly dryRun: DryRun; readonly timeout: number }

/** Throws `CliError` where something stands in the way, `KubeApiError` where the API server refuses. */
export async function installPrimary(deps: InstallDeps, plan: PrimaryPlan, flags: Flags): Promise<void> {
  const { client, changes } = deps
  const isServed = await findOwnDefinitions(client, plan, flags)
  const existing = isServed ? await existingPrimary(client, plan) : undefined
  if (existing !== undefined && !isSamePrimary(existing, plan.bootstrap))
    throw otherPrimary(existing, plan.bootstrap, flags)

  const { name } = plan.namespace.metadata
  const hasNamespace = (await client.get(namespaceKind, { name })) !== undefined
  if (hasNamespace) changes.unchanged(namespaceKind, name)
  else await changes.create(namespaceKind, plan.namespace)
  for (const definition of plan.definitions) await installDefinition(deps, definition)
  if (existing !== undefined) return changes.unchanged(bootstraps, existing.metadata.name)
  if (flags.dryRun === 'none') await untilServed(deps, plan, flags)
  // What has only been shown to the API server is not there for what comes after it.
  const isJudged = flags.dryRun !== 'server' || (isServed && hasNamespace)
  await (isJudged ? changes : deps.pretended).create(bootstraps, plan.bootstrap)
}

/** One that a chart has installed is upgraded with the chart. */
async function installDefinition(
  { client, changes }: InstallDeps,
  definition: PrimaryPlan['definitions'][number],
): Promise<void> {
  const { name } = definition.metadata
  const stored = await client.get(customResourceDefinitionKind, { name })
  const isOfChart = stored?.metadata.annotations?.['meta.helm.sh/release-name'] !== undefined
  if (isOfChart) changes.unchanged(customResourceDefinitionKind, name)
  else await changes.apply(customResourceDefinitionKind, definition)
}

/** Whether all of them are there. Throws `CliError` for one that is somebody else's. */
async function findOwnDefinitions(client: KubeClient, { definitions }: PrimaryPlan, flags: Flags): Promise<boolean> {
  const stored = await Promise.all(
    definitions.map(async ({ metadata }) => client.get(customResourceDefinitionKind, { name: metadata.name })),
  )
  const foreign = stored.find((one) => one !== undefined && one.metadata.labels?.[managedByLabel] !== managedBy)
  if (foreign === undefined) return stored.every((one) => one !== undefined)
  const { name } = foreign.metadata
  throw new CliError(
    `the definition ${name} belongs to another program: it has no label ${managedByLabel}=${managedBy}. conjoin does not touch it and cannot run beside it`,
    { next: kubectl(flags, 'get', 'crd', name, '--show-labels') },
  )
}

/** A Bootstrap that names a primary already. */
async function existingPrimary(client: KubeClient, { namespace }: PrimaryPlan): Promise<Bootstrap | undefined> {
  const { items } = await client.list(bootstraps, { namespace: namespace.metadata.name })
  return items.find((bootstrap) => primaryOf(bootstrap) !== undefined)
}

/** The same primary at another address is the command that moves it; another primary is for the user to look at. */
function otherPrimary(existing: Bootstrap, wished: Bootstrap, flags: Flags): CliError {
  const { name, namespace = '' } = existing.metadata
  const [is, wants] = [primaryOf(existing), primaryOf(wished)]
  const what = `${is?.name ?? ''} at ${is?.k10.ingress?.url ?? 'no address'}`
  const object = ['bootstraps.dist.kio.kasten.io', name, '-n', namespace] as const
  if (is?.name !== wants?.name)
    return new CliError(`the Bootstrap ${name} names another primary: ${what}. Nothing was changed`, {
      next: kubectl(flags, 'get', ...object, '-o', 'yaml'),
    })
  const key = Object.keys(existing.spec.clusters).find((entry) => existing.spec.clusters[entry] === is) ?? ''
  const patch = { spec: { clusters: { [key]: { k10: { ingress: wants?.k10.ingress } } } } }
  return new CliError(
    `the Bootstrap ${name} has another address: ${what}. Nothing was changed. Members learn of a new address at the old one`,
    { next: kubectl(flags, 'patch', ...object, '--type', 'merge', '-p', JSON.stringify(patch)) },
  )
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
