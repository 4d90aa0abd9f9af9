/** The controllers of the primary, and which change wakes which of them. */
import type { Cluster } from '../api/cluster.ts'
import type { KubeClient } from '../kube/client.ts'
import { type Controller, createController, type Outcome, type ReconcileContext } from '../kube/controller.ts'
import type { EventRecorder } from '../kube/events.ts'
import type { Informer, InformerChange } from '../kube/informer.ts'
import { type KubeObject, keyOf, type ObjectKey } from '../kube/objects.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { ControllerMetrics } from '../lib/metrics.ts'
import { ProtocolError } from '../protocol/errors.ts'
import { createBootstrapReconciler } from './bootstrap/bootstrap.reconcile.ts'
import { rivals } from './bootstrap/precedence.ts'
import { type RequestedPrimary, reconcileRequestedPrimary } from './bootstrap/requested-primary.ts'
import { isHeld } from './cluster/cluster.decide.ts'
import { createClusterReconciler } from './cluster/cluster.reconcile.ts'
import { createOutageWatch } from './cluster/outage.ts'
import type { Sightings } from './cluster/sightings.ts'
import type { Own } from './cluster/status.decide.ts'
import type { Tombstones } from './cluster/tombstones.ts'
import type { ClusterLookup } from './cluster-lookup.ts'
import type { IdentityKeeper } from './identity/identity-keeper.ts'
import { createRollReconciler } from './identity/roll.reconcile.ts'
import type { Informers } from './informers.ts'
import { tokenIdIndex } from './join/token-source.ts'
import { createJoinTokenReconciler } from './join-token/join-token.reconcile.ts'
import type { ServingPrimary } from './state.ts'

type Reconcile = (key: ObjectKey, context: ReconcileContext) => Promise<Outcome>

export interface ControllersDeps {
  readonly client: KubeClient
  readonly informers: Informers
  readonly lookup: ClusterLookup
  readonly events: EventRecorder
  readonly tombstones: Tombstones
  readonly sightings: Sightings
  readonly identity: IdentityKeeper
  /** Of the TLS certificate, where the primary ends TLS itself. */
  readonly renewal: Reconcile | undefined
  readonly own: Own
  readonly interval: () => number
  /** Throws `ProtocolError` while nothing can be served. */
  readonly serving: () => ServingPrimary
  readonly endpoint: string | undefined
  /** Of Bootstraps, Clusters and join tokens. */
  readonly namespace: string
  /** What the flags ask for. */
  readonly requestedPrimary: RequestedPrimary | undefined
  readonly metrics: ControllerMetrics
  readonly clock: Clock
  readonly log: Logger
}

export interface Controllers {
  /** Runs in every replica. */
  readonly identity: Controller
  /** Runs the others, in the leader. */
  readonly runLeading: (signal: AbortSignal) => Promise<void>
  readonly wakeCluster: (key: ObjectKey) => void
  /** The key was loaded or lost: every verdict that rests on it is due. */
  wakeAll(): void
}

/** Changes that come together are counted together: a look may go through a whole fleet. */
const countAfterMs = 250
/** Reconciles of one kind that run at once. */
const workers = 4

export function createControllers(deps: ControllersDeps): Controllers {
  const { informers, identity, metrics, clock, log } = deps

  function controllerFor<T extends KubeObject>(name: string, informer: Informer<T>, reconcile: Reconcile): Controller {
    const resourceVersion = (key: ObjectKey) => informer.get(key)?.metadata.resourceVersion
    const controller = createController({ name, workers, reconcile, resourceVersion, metrics, clock, log })
    informer.onChange(({ object }) => controller.enqueue(keyOf(object)))
    return controller
  }

  const bootstraps = controllerFor(
    'bootstrap',
    informers.bootstraps,
    createBootstrapReconciler({
      ...deps,
      bootstraps: informers.bootstraps,
      clusters: informers.clusters,
      identityLost: identity.isLost,
      hasEndpointFlag: deps.endpoint !== undefined,
    }),
  )
  const requested = followRequest(deps)
  const clusters = controllerFor(
    'cluster',
    informers.clusters,
    createClusterReconciler({
      ...deps,
      bootstraps: informers.bootstraps,
      clusters: informers.clusters,
      outage: createOutageWatch({
        ...deps,
        clusters: informers.clusters,
        onChange: () => wake(clusters, informers.clusters.list()),
      }),
    }),
  )
  const tokens = controllerFor(
    'join-token',
    informers.tokens,
    createJoinTokenReconciler({
      ...deps,
      secrets: informers.tokens,
      clusters: informers.clusters,
      serving: () => servingOrNot(deps.serving),
    }),
  )
  const tombstones = controllerFor('tombstones', informers.tombstones, async () => {
    const afterMs = await deps.tombstones.dropAcknowledged()
    return afterMs === undefined ? { kind: 'done' } : { kind: 'again', afterMs }
  })
  const keeper = controllerFor('identity', informers.identity, identity.reconcile)
  // There may be no Secret yet whose appearance would wake it.
  keeper.enqueue(identity.key)

  const roll = controllerFor(
    'key-roll',
    informers.identity,
    createRollReconciler({
      ...deps,
      secrets: informers.identity,
      clusters: informers.clusters,
      tokens: informers.tokens,
      primaryUid: deps.own.uid,
    }),
  )
  const renewal = deps.renewal === undefined ? [] : [controllerFor('certificate', informers.certificate, deps.renewal)]
  /** Somebody may have been the last to trust an old key. */
  const rollSoon = () => roll.enqueueAfter(identity.key, countAfterMs)
  const goneSoon = ({ type }: InformerChange<KubeObject>) => {
    if (type === 'deleted') rollSoon()
  }
  informers.tokens.onChange(goneSoon)
  informers.tombstones.onChange(rollSoon)
  informers.clusters.onChange((change) => {
    const before = change.type === 'updated' ? change.previous.status?.primaryKeyId : undefined
    if (change.type === 'deleted' || change.object.status?.primaryKeyId !== before) rollSoon()
  })

  // Which of several Bootstraps has better right depends on each of them, also on what one has just given up.
  informers.bootstraps.onChange((change) => {
    wake(bootstraps, rivals(change.object, informers.bootstraps))
    if (change.type === 'updated') wake(bootstraps, rivals(change.previous, informers.bootstraps))
  })
  informers.clusters.onChange((change) => {
    const { object } = change
    wake(bootstraps, informers.bootstraps.by('cluster', object.metadata.name))
    wake(clusters, ofSameMember(informers, object))
    if (object.spec.primary) {
      // Tokens name its address, and Bootstraps ask whether there is a primary.
      wake(tokens, informers.tokens.list())
      wake(bootstraps, informers.bootstraps.list())
      return
    }
    if (change.type !== 'updated') wake(clusters, primariesThatAsk(deps.lookup, change))
    // A token counts whom it admits: a Cluster that is made or goes, and one that somebody joins under.
    const tokenId = object.spec.member?.tokenId
    const before = change.type === 'updated' ? change.previous.spec.member?.tokenId : undefined
    if (tokenId === undefined || tokenId === before) return
    for (const secret of informers.tokens.by(tokenIdIndex, tokenId)) tokens.enqueueAfter(keyOf(secret), countAfterMs)
  })

  return {
    identity: keeper,
    async runLeading(signal) {
      const leading = [bootstraps, ...requested, clusters, tokens, tombstones, roll, ...renewal]
      await Promise.all(leading.map((controller) => controller.run(signal)))
    },
    wakeCluster: (key) => clusters.enqueue(key),
    wakeAll() {
      wake(bootstraps, informers.bootstraps.list())
      wake(tokens, informers.tokens.list())
    },
  }
}

/** The controller of the primary that the flags ask for, where they do. */
function followRequest({ requestedPrimary: request, ...deps }: ControllersDeps): readonly Controller[] {
  if (request === undefined) return []
  const { bootstraps, clusters } = deps.informers
  const controller = createController({
    name: 'requested-primary',
    workers: 1,
    reconcile: async (_key, { log }) => reconcileRequestedPrimary({ ...deps, request, bootstraps, clusters }, log),
    metrics: deps.metrics,
    clock: deps.clock,
    log: deps.log,
  })
  const key = { namespace: deps.namespace, name: request.name }
  bootstraps.onChange(() => controller.enqueue(key))
  // There may be no Bootstrap yet whose appearance would wake it.
  controller.enqueue(key)
  return [controller]
}

function wake(controller: Controller, objects: readonly KubeObject[]): void {
  for (const object of objects) controller.enqueue(keyOf(object))
}

/** The others: two Clusters of one uid or key come from a race, and only together show which of them is to go. */
function ofSameMember({ clusters }: Informers, { metadata, spec: { member } }: Cluster): readonly KubeObject[] {
  if (member === undefined) return []
  const all = [...clusters.by('uid', member.uid), ...clusters.by('key', member.keyId)]
  return all.filter((other) => other.metadata.name !== metadata.name)
}

/** They are held by the finalizer only while there are secondaries: the first one that comes is news, and any that goes. */
function primariesThatAsk(lookup: ClusterLookup, { type }: InformerChange<Cluster>): readonly KubeObject[] {
  const primaries = lookup.primaries()
  return type === 'deleted' ? primaries : primaries.filter((cluster) => !isHeld(cluster))
}

function servingOrNot(serving: () => ServingPrimary): ServingPrimary | undefined {
  try {
    return serving()
  } catch (error) {
    if (error instanceof ProtocolError) return undefined
    throw error
  }
}
