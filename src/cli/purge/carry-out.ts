/** Carries a purge out, stage by stage. What is gone already is fine; what does not go in time ends it. */
import type { KubeClient } from '../../kube/client.ts'
import { keyOf } from '../../kube/objects.ts'
import type { Changes } from '../changes.ts'
import { kubectl, type Target } from '../command-line.ts'
import { CliError } from '../errors.ts'
import { objectName } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'
import { waitFor } from '../wait.ts'
import type { Doomed, PurgePlan } from './plan.ts'

export interface PurgeDeps extends Pick<Surroundings, 'clock' | 'signal'> {
  readonly client: KubeClient
  readonly changes: Changes
  readonly target: Target
  /** Nothing goes in a dry run, so nothing is waited for. */
  readonly isDry: boolean
}

/** Throws `CliError` where something is still there after `timeoutMs`, `KubeApiError` where the API server refuses. */
export async function carryOut(deps: PurgeDeps, plan: PurgePlan, timeoutMs: number): Promise<void> {
  for (const { doomed, isAwaited } of plan.stages) {
    for (const { kind, object } of doomed) await deps.changes.delete(kind, keyOf(object), { uid: object.metadata.uid })
    if (isAwaited && !deps.isDry) await untilGone(deps, doomed, timeoutMs)
  }
}

async function untilGone(deps: PurgeDeps, doomed: readonly Doomed[], timeoutMs: number): Promise<void> {
  const { client, target } = deps
  const remaining = async () => {
    const found = await Promise.all(
      doomed.map(async ({ kind, object }) => ({ kind, object: await client.get(kind, keyOf(object)) })),
    )
    return found.find(({ object }) => object !== undefined)
  }
  const areGone = await waitFor(deps, timeoutMs, async () => ((await remaining()) === undefined ? true : undefined))
  if (areGone) return
  const last = await remaining()
  if (last?.object === undefined) return
  const { name, namespace = '' } = last.object.metadata
  throw new CliError(
    `${objectName(last.kind, name)} was still there after ${timeoutMs / 1000} s: the operator must run until the Clusters are gone. Nothing after it was deleted; purge again`,
    { next: kubectl(target, 'conjoin', 'status', '-n', namespace) },
  )
}
