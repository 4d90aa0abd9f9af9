/** Composes the controllers of the primary. Which change wakes which of them is in `wakes.ts`. */
import { type Controller, createController, type Outcome, type ReconcileContext } from '../../kube/controller.ts'
import type { Informer } from '../../kube/informer.ts'
import { type KubeObject, keyOf, type ObjectKey } from '../../kube/objects.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { createBootstrapReconciler } from '../bootstrap/bootstrap.reconcile.ts'
import { reconcileRequestedPrimary } from '../bootstrap/requested-primary.ts'
import { createClusterReconciler } from '../cluster/cluster.reconcile.ts'
import { createOutageWatch } from '../cluster/outage.ts'
import { createRollReconciler } from '../identity/roll.reconcile.ts'
import { createJoinTokenReconciler } from '../join-token/join-token.reconcile.ts'
import type { ServingPrimary } from '../state.ts'
import type { Core } from './core.ts'
import type { OperatorDeps } from './deps.ts'
import { connectWakes, wake } from './wakes.ts'

type Reconcile = (key: ObjectKey, context: ReconcileContext) => Promise<Outcome>

export interface Controllers {
  /** Runs in every replica. */
  readonly identity: Controller
  /** Runs the others, in the leader. */
  readonly runLeading: (signal: AbortSignal) => Promise<void>
  readonly wakeCluster: (key: ObjectKey) => void
  /** The key was loaded or lost: every verdict that rests on it is due. */
  wakeAll(): void
}

/** Reconciles of one kind that run at once. */
const workers = 4

/** `renewal` is of the TLS certificate, where the primary ends TLS itself. */
export function composeControllers(deps: OperatorDeps, core: Core, renewal: Reconcile | undefined): Controllers {
  const { informers, identity } = core

  function controllerFor<T extends KubeObject>(name: string, informer: Informer<T>, reconcile: Reconcile): Controller {
    const resourceVersion = (key: ObjectKey) => informer.get(key)?.metadata.resourceVersion
    const controller = createController({ ...deps, name, workers, reconcile, resourceVersion })
    informer.onChange(({ object }) => controller.enqueue(keyOf(object)))
    return controller
  }

  const bootstraps = controllerFor('bootstrap', informers.bootstraps, bootstrapReconciler(deps, core))
  const wakeClusters = () => wake(clusters, informers.clusters.list())
  const clusters = controllerFor('cluster', informers.clusters, clusterReconciler(deps, core, wakeClusters))
  const tokens = controllerFor('join-token', informers.tokens, tokenReconciler(deps, core))
  const tombstones = controllerFor('tombstones', informers.tombstones, async () => {
    const afterMs = await core.tombstones.dropAcknowledged()
    return afterMs === undefined ? { kind: 'done' } : { kind: 'again', afterMs }
  })
  const keeper = controllerFor('identity', informers.identity, identity.reconcile)
  // There may be no Secret yet whose appearance would wake it.
  keeper.enqueue(identity.key)
  const roll = controllerFor('key-roll', informers.identity, rollReconciler(deps, core))
  const renewals = renewal === undefined ? [] : [controllerFor('certificate', informers.certificate, renewal)]
  connectWakes({ bootstraps, clusters, tokens, roll }, core)
  const leading = [bootstraps, clusters, tokens, tombstones, roll, ...requestedPrimary(deps, core), ...renewals]

  return {
    identity: keeper,
    async runLeading(signal) {
      await Promise.all(leading.map((controller) => controller.run(signal)))
    },
    wakeCluster: (key) => clusters.enqueue(key),
    wakeAll() {
      wake(bootstraps, informers.bootstraps.list())
      wake(tokens, informers.tokens.list())
    },
  }
}

function bootstrapReconciler({ client, endpoint, clock }: OperatorDeps, { informers, events, identity }: Core) {
  return createBootstrapReconciler({
    client,
    bootstraps: informers.bootstraps,
    clusters: informers.clusters,
    identityLost: identity.isLost,
    hasEndpointFlag: endpoint !== undefined,
    events,
    clock,
  })
}

/** `wakeClusters` is called when an outage begins and when it ends. */
function clusterReconciler({ client, clock }: OperatorDeps, core: Core, wakeClusters: () => void) {
  const { informers, clusters: lookup, sightings, followed, events } = core
  const { clusters, bootstraps } = informers
  return createClusterReconciler({
    ...core,
    client,
    clusters,
    lookup,
    bootstraps,
    outage: createOutageWatch({ clusters, lookup, sightings, followed, events, onChange: wakeClusters, clock }),
    clock,
  })
}

function tokenReconciler({ client, clock }: OperatorDeps, { informers, serving, events }: Core) {
  const { tokens: secrets, clusters } = informers
  return createJoinTokenReconciler({ client, secrets, clusters, serving: () => servingOrNot(serving), events, clock })
}

function rollReconciler({ client, clock }: OperatorDeps, { informers, tombstones, uid }: Core) {
  const { identity: secrets, clusters, tokens } = informers
  return createRollReconciler({ client, secrets, clusters, tokens, tombstones, primaryUid: uid, clock })
}

/** The controller of the primary that the flags ask for, where they do. */
function requestedPrimary(deps: OperatorDeps, { informers }: Core): readonly Controller[] {
  const { requestedPrimary: request, namespace } = deps
  if (request === undefined) return []
  const { bootstraps, clusters } = informers
  const controller = createController({
    ...deps,
    name: 'requested-primary',
    workers: 1,
    reconcile: async (_key, { log }) => reconcileRequestedPrimary({ ...deps, request, bootstraps, clusters }, log),
  })
  const key = { namespace, name: request.name }
  bootstraps.onChange(() => controller.enqueue(key))
  // There may be no Bootstrap yet whose appearance would wake it.
  controller.enqueue(key)
  return [controller]
}

function servingOrNot(serving: () => ServingPrimary): ServingPrimary | undefined {
  try {
    return serving()
  } catch (error) {
    if (error instanceof ProtocolError) return undefined
    throw error
  }
}
