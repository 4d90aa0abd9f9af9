/** Carries out what is decided for one Bootstrap: gather, decide, act; its status is written once. */
import { type Bootstrap, type BootstrapStatus, bootstrapKind } from '../../api/bootstrap.ts'
import { type Cluster, clusterKind } from '../../api/cluster.ts'
import type { BootstrapVerdict } from '../../api/conditions.ts'
import type { KubeClient } from '../../kube/client.ts'
import { setCondition } from '../../kube/conditions.ts'
import type { Outcome } from '../../kube/controller.ts'
import { isAlreadyExists } from '../../kube/errors.ts'
import type { EventRecorder } from '../../kube/events.ts'
import type { Informer } from '../../kube/informer.ts'
import { type Condition, keyOf, type ObjectKey } from '../../kube/objects.ts'
import type { Clock } from '../../lib/clock.ts'
import { deepEqual } from '../../lib/deep-equal.ts'
import type { Logger } from '../../lib/logger.ts'
import { oldest } from '../cluster-lookup.ts'
import { fieldManager } from '../field-manager.ts'
import { type BootstrapDecision, decideBootstrap } from './bootstrap.decide.ts'
import { decideJoinedBootstrap } from './joined-bootstrap.ts'
import { writeK10 } from './k10.ts'
import { isMadeByJoin, nameConflict, rivals } from './precedence.ts'

export interface BootstrapDeps {
  readonly client: KubeClient
  readonly bootstraps: Informer<Bootstrap>
  readonly clusters: Informer<Cluster>
  readonly identityLost: () => boolean
  readonly hasEndpointFlag: boolean
  readonly events: EventRecorder
  readonly clock: Clock
}

export function createBootstrapReconciler(deps: BootstrapDeps) {
  return async (key: ObjectKey, { log }: { log: Logger }): Promise<Outcome> => {
    const bootstrap = deps.bootstraps.get(key)
    if (bootstrap === undefined || bootstrap.metadata.deletionTimestamp !== undefined) return { kind: 'done' }
    if (isMadeByJoin(bootstrap)) await reconcileJoined(deps, bootstrap)
    else await act(deps, bootstrap, decide(deps, bootstrap), log)
    return { kind: 'done' }
  }
}

function lookup(deps: BootstrapDeps, bootstrap: Bootstrap): (name: string) => Cluster | undefined {
  return (name) => deps.clusters.get({ ...keyOf(bootstrap), name })
}

function decide(deps: BootstrapDeps, bootstrap: Bootstrap): BootstrapDecision {
  return decideBootstrap({
    bootstrap,
    all: rivals(bootstrap, deps.bootstraps),
    clusterNamed: lookup(deps, bootstrap),
    primaryCluster: oldest(deps.clusters.by('primary', 'true')),
    identityLost: deps.identityLost(),
    hasEndpointFlag: deps.hasEndpointFlag,
  })
}

async function act(deps: BootstrapDeps, bootstrap: Bootstrap, decision: BootstrapDecision, log: Logger): Promise<void> {
  for (const cluster of decision.create) {
    await create(deps.client, cluster)
    log.info({ cluster: cluster.metadata.name }, 'cluster registered')
  }
  for (const { cluster, k10 } of decision.update) await writeK10(deps.client, cluster, k10)
  const status = nextStatus(bootstrap, decision, deps.clock.now())
  if (status === undefined) return
  const patch = { metadata: { resourceVersion: bootstrap.metadata.resourceVersion }, status }
  await deps.client.mergePatch(bootstrapKind, keyOf(bootstrap), patch, { fieldManager, subresource: 'status' })
  tell(deps.events, bootstrap, decision.ready)
}

/** A Cluster of this name that somebody else has just made is looked at when the cache shows it. */
async function create(client: KubeClient, cluster: Cluster): Promise<void> {
  try {
    await client.create<Cluster>(clusterKind, cluster, { fieldManager })
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
}

function nextStatus(bootstrap: Bootstrap, decision: BootstrapDecision, now: number): BootstrapStatus | undefined {
  const generation = bootstrap.metadata.generation
  const observed = generation === undefined ? {} : { observedGeneration: generation }
  const known = (bootstrap.status?.conditions ?? []) as readonly Condition[]
  const conditions = setCondition(known, { ...decision.ready, ...observed }, new Date(now))
  const next: BootstrapStatus = { ...observed, conditions, clusters: decision.entries }
  return deepEqual(next, bootstrap.status) ? undefined : next
}

/** An Event only where the verdict is news. */
function tell(events: EventRecorder, bootstrap: Bootstrap, ready: BootstrapVerdict): void {
  const before = bootstrap.status?.conditions?.find(({ type }) => type === ready.type)
  if (before?.reason === ready.reason && before.message === ready.message) return
  const type = ready.status === 'True' ? 'Normal' : 'Warning'
  events.record({ regarding: bootstrap, type, reason: ready.reason, note: ready.message })
}

async function reconcileJoined(deps: BootstrapDeps, bootstrap: Bootstrap): Promise<void> {
  const clusterNamed = lookup(deps, bootstrap)
  const isOutranked = nameConflict(bootstrap, rivals(bootstrap, deps.bootstraps), clusterNamed) !== undefined
  const decision = decideJoinedBootstrap({ bootstrap, clusterNamed, isOutranked })
  switch (decision.kind) {
    case 'nothing':
      return
    case 'update':
      await writeK10(deps.client, decision.cluster, decision.k10)
      return
    case 'delete-if-gone': {
      const cluster = await deps.client.get(clusterKind, { ...keyOf(bootstrap), name: decision.clusterName })
      if (cluster === undefined)
        await deps.client.delete(bootstrapKind, keyOf(bootstrap), { uid: bootstrap.metadata.uid })
    }
  }
}
