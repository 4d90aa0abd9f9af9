/**
 * Composes the secondary: watches, the controller, heartbeats and the way to the primary. The only file of the secondary
 * that constructs things; it decides nothing.
 */
import { group } from '../api/group.ts'
import type { Labels } from '../api/labels.ts'
import { mcJoinName } from '../api/mc-join.ts'
import type { KubeClient } from '../kube/client.ts'
import { kubeSystemUid } from '../kube/cluster-uid.ts'
import { createController } from '../kube/controller.ts'
import { createEventRecorder } from '../kube/events.ts'
import { runAsLeader } from '../kube/leader.ts'
import { countFollowing, tellLeading } from '../kube/observed.ts'
import type { RoleMetrics, SecondaryMetrics } from '../lib/metrics.ts'
import { secureRandom, toBase64url } from '../protocol/encoding.ts'
import { createOwnHealth } from './health.ts'
import { createIdentityKeeper } from './identity/identity-keeper.ts'
import { readContent } from './join/content.ts'
import { createDeparture } from './join/departure.ts'
import { exchange } from './join/exchange.ts'
import { createJoinReconcile } from './join/join.reconcile.ts'
import { createJoiner } from './join/joiner.ts'
import { createObstacles } from './join/obstacles.ts'
import { isPrimary } from './join/own-role.ts'
import { createFarewell } from './membership/farewell.ts'
import { createHeartbeatKeeper } from './membership/heartbeat.ts'
import { createRekeyKeeper } from './membership/rekey.ts'
import { createObjectStore, type GivenObjects } from './objects.ts'
import { codeOfBeat, countExchanges, followMembership } from './observed.ts'
import { createNetwork, type Network, type NetworkDeps } from './primary-client/network.ts'
import { createWatches } from './watches.ts'

export interface AgentDeps extends NetworkDeps {
  readonly client: KubeClient
  /** Where `mc-join` and our own Secrets live. */
  readonly namespace: string
  /** Where Clusters would be if this cluster were a primary itself. */
  readonly primaryNamespace: string
  readonly releaseName: string
  /** Holder of the lease; also names this process in Events. */
  readonly identity: string
  /** Of conjoin, like `0.1.0`. */
  readonly version: string
  /** Of the API server now, like `v1.36.3`. */
  readonly kubernetesVersion: () => string
  /** What this cluster wants to be called on the primary. */
  readonly labels: Labels
  /** The operator's own permission for `http://`. */
  readonly allowInsecurePrimaryIngress: boolean
  /** Takes the place of TCP and TLS. */
  readonly network?: Network
  readonly metrics: RoleMetrics & SecondaryMetrics
  /** From 0 to 1, for jitter only. */
  readonly random?: () => number
}

export interface Agent {
  /** Works until aborted. Throws where it cannot start, and where it lost the lease. */
  run(signal: AbortSignal): Promise<void>
  /** Why /readyz is not ok; empty when ready. */
  readonly notReady: () => readonly string[]
}

export function createAgent(deps: AgentDeps): Agent {
  let secondary: Secondary | undefined
  return {
    notReady: () => secondary?.notReady() ?? ['starting'],
    async run(signal) {
      const composed = compose(deps, await kubeSystemUid(deps.client))
      secondary = composed
      // The caches outlive the stop, until the last write is done.
      const end = new AbortController()
      const following = composed.watches.run(end.signal)
      composed.prepare()
      try {
        await composed.watches.synced(signal)
        const work = tellLeading(composed.work, deps.metrics)
        const outcome = await runAsLeader({ ...deps, lease: 'conjoin-secondary' }, work, signal)
        if (outcome === 'lost') throw new Error('lost the lease; another process may be working already')
      } finally {
        end.abort()
        await following
        await composed.events.flush()
      }
    },
  }
}

type Secondary = ReturnType<typeof compose>

/** Builds everything and connects it; nothing runs yet. */
function compose(deps: AgentDeps, ownUid: string) {
  const { client, namespace, metrics, clock, log, random = Math.random } = deps
  const key = { namespace, name: mcJoinName }
  const watches = createWatches({ ...deps, client: countFollowing(client, metrics) })
  const objects = createObjectStore(deps)
  const events = createEventRecorder({ client, controller: `${group}/secondary`, instance: deps.identity, clock, log })
  const obstacles = createObstacles({ events, log })
  const identity = createIdentityKeeper({ objects, ownUid })
  const content = (given: GivenObjects) => readContent(given, { allowHttp: deps.allowInsecurePrimaryIngress })
  const network = deps.network ?? createNetwork(deps)

  const toPrimary = {
    openLine: network.openLine,
    versions: () => ({ operator: deps.version, kubernetes: deps.kubernetesVersion() }),
    ownUid,
    boot: toBase64url(secureRandom(12)),
    clock,
  }
  const health = createOwnHealth(clock)
  const asMember = {
    ...toPrimary,
    report: () => ({ versions: toPrimary.versions(), health: health.word(), labels: deps.labels }),
  }
  const keeper = createHeartbeatKeeper({
    ...asMember,
    onNews: () => controller.enqueue(key),
    onBeat: (beat) => metrics.beat(codeOfBeat(beat)),
    random,
    log,
  })
  const heartbeats = followMembership(keeper, metrics)
  const joiner = createJoiner({
    objects,
    identity,
    heartbeats,
    exchange: countExchanges(async (asked, context) => exchange(toPrimary, asked, context), metrics),
    isPrimary: async (signal) => isPrimary(client, deps.primaryNamespace, signal),
    readContent: content,
    clock,
    random,
  })
  const departure = createDeparture({ objects, identity, heartbeats, farewell: createFarewell(toPrimary) })
  const reconcile = createJoinReconcile({
    objects,
    identity,
    heartbeats,
    rekey: createRekeyKeeper({ ...asMember, identity, heartbeats, random }),
    joiner,
    departure,
    obstacles,
    events,
    readContent: content,
    ownUid,
    installation: { namespace, releaseName: deps.releaseName },
    clock,
    log,
  })
  const controller = createController({
    name: 'join',
    workers: 1,
    reconcile: async (_key, context) => health.watch(async () => reconcile(context)),
    resourceVersion: () => watches.given().join?.metadata.resourceVersion,
    metrics,
    clock,
    log,
  })
  watches.onChange(() => {
    joiner.contentChanged(content(watches.given()).hash)
    controller.enqueue(key)
  })

  return {
    watches,
    events,
    prepare: (): void => network.prepare(),
    /** Runs while the lease is held. The heartbeat ends last, because a join that runs out needs it. */
    work: async (signal: AbortSignal): Promise<void> => {
      const end = new AbortController()
      const beating = heartbeats.run(end.signal)
      controller.enqueue(key)
      await controller.run(signal)
      end.abort()
      await beating
    },
    notReady: () => [...watches.notSynced(), ...obstacles.current()],
  }
}
