/**
 * Composes the primary: informers, controllers, services and the join server. The only file of the primary that
 * constructs things; it decides nothing.
 */
import { group } from '../api/group.ts'
import { sightingsName } from '../api/sightings.ts'
import type { KubeClient } from '../kube/client.ts'
import { kubeSystemUid } from '../kube/cluster-uid.ts'
import { createEventRecorder } from '../kube/events.ts'
import { leaseDurationMs, runAsLeader } from '../kube/leader.ts'
import { countFollowing, tellLeading } from '../kube/observed.ts'
import { followReach } from '../kube/reach.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { PrimaryMetrics, RoleMetrics } from '../lib/metrics.ts'
import type { Versions } from '../protocol/fields.ts'
import type { RequestedPrimary } from './bootstrap/requested-primary.ts'
import { createSightings } from './cluster/sightings.ts'
import { createSuspect } from './cluster/suspect.ts'
import { createTombstones } from './cluster/tombstones.ts'
import { createClusterLookup } from './cluster-lookup.ts'
import { createControllers } from './controllers.ts'
import { createBootIds } from './heartbeat/boot-ids.ts'
import { createConfirmation } from './heartbeat/confirmation.ts'
import { createHeartbeatService } from './heartbeat/heartbeat-service.ts'
import { createIdentityKeeper } from './identity/identity-keeper.ts'
import { createInformers } from './informers.ts'
import { createAdmissionJournal } from './join/admission-journal.ts'
import { createJoinService } from './join/join-service.ts'
import { createTokenSource } from './join/token-source.ts'
import { createWaitingPlaces } from './join/waiting-places.ts'
import { createMemberLabels } from './labels/member-labels.ts'
import { createLeaveService } from './leave/leave-service.ts'
import { createBuckets } from './load/buckets.ts'
import { createGate } from './load/gate.ts'
import { joinLoad, memberLoad, newsLoad, rekeyLoad, sourceLoad } from './load/limits.ts'
import { createMemberDesk } from './member/member-desk.ts'
import { createMemberLane } from './member/member-lane.ts'
import { countAnswers, countTurnedAway, countUses, countWaits, stateOf } from './observed.ts'
import { assertOwnDefinitions } from './preflight.ts'
import { reasonsNotReady } from './readiness.ts'
import { createRekeyService } from './rekey/rekey-service.ts'
import { remember } from './remembered.ts'
import { createFrontLeaf } from './server/front-leaf.ts'
import { createJoinServer, type OpenJoinServer } from './server/join-server.ts'
import { createOwnTls } from './server/own-tls.ts'
import { collectSightings } from './sightings/collector.ts'
import { tellSightings } from './sightings/teller.ts'
import { createTold } from './sightings/told.ts'
import { heartbeatInterval, loadedKeyring, servingPrimary } from './state.ts'

export interface OperatorDeps {
  readonly client: KubeClient
  /** Where Bootstraps, Clusters and join tokens live. */
  readonly namespace: string
  /** Where the signing key, the TLS certificate and the lease live. */
  readonly identityNamespace: string
  /** Holder of the lease; also names this process in Events. */
  readonly identity: string
  /** Of conjoin and of this cluster's API server. */
  readonly versions: Versions
  readonly listen: { readonly tls: boolean; readonly host: string; readonly port: number }
  /** Takes the place of the server that listens. */
  readonly openJoinServer?: OpenJoinServer
  /** Takes the place of the Bootstrap's ingress URL. */
  readonly endpoint: string | undefined
  /** The primary whose Bootstrap the operator is to make itself. */
  readonly requestedPrimary: RequestedPrimary | undefined
  /** Proxies whose X-Forwarded-For is believed: addresses and CIDR ranges. */
  readonly trustedProxies: readonly string[]
  /** Labels that members may put on their Clusters: keys, and prefixes as `example.com/*`. */
  readonly memberLabels: readonly string[]
  /** The least time between two heartbeats of a member, milliseconds. */
  readonly heartbeatInterval: number
  readonly metrics: RoleMetrics & PrimaryMetrics
  readonly clock: Clock
  readonly log: Logger
}

export interface Operator {
  /** Works until aborted. Throws where it cannot start, and where it lost the lease. */
  run(signal: AbortSignal): Promise<void>
  /** Why /readyz is not ok; empty when ready. */
  readonly notReady: () => readonly string[]
}

export function createOperator(deps: OperatorDeps): Operator {
  let primary: Primary | undefined
  let stop: AbortSignal | undefined
  return {
    notReady: () => (stop?.aborted === true ? ['stopping'] : (primary?.notReady() ?? ['starting'])),
    async run(signal) {
      stop = signal
      await assertOwnDefinitions(deps.client)
      primary = compose(deps, await kubeSystemUid(deps.client))
      // Caches and the key outlive the stop, until the last request is answered.
      const end = new AbortController()
      const background = [primary.informers.run(end.signal)]
      try {
        await primary.informers.synced(signal)
        await primary.tombstones.prepare()
        background.push(
          primary.controllers.identity.run(end.signal),
          primary.frontLeaf.follow(end.signal),
          primary.tell(end.signal),
        )
        const server = await primary.listen()
        background.push(primary.followCertificate(end.signal))
        try {
          await lead(deps, primary, signal)
        } finally {
          await server.close()
        }
      } finally {
        end.abort()
        await Promise.all(background)
        await primary.flush()
      }
    },
  }
}

/** Every replica serves; the leader alone reconciles. */
async function lead(deps: OperatorDeps, { runLeading, reach }: Primary, signal: AbortSignal): Promise<void> {
  const election = { ...deps, client: reach.client, namespace: deps.identityNamespace, lease: 'conjoin-primary' }
  const outcome = await runAsLeader(election, tellLeading(runLeading, deps.metrics), signal)
  if (outcome === 'lost') throw new Error('lost the lease of the leader; another replica may be working already')
}

type Primary = ReturnType<typeof compose>

/** Builds everything and connects it; nothing runs yet. */
function compose(deps: OperatorDeps, primaryUid: string) {
  const own = { uid: primaryUid, versions: deps.versions }
  const { client, namespace, identityNamespace, metrics, clock, log } = deps
  const informers = createInformers({ ...deps, client: countFollowing(client, metrics) })
  const reach = followReach(client, clock)
  // After this long another replica leads, and what this one hears from members it can tell nobody.
  const outage = () => (reach.silence() < leaseDurationMs ? undefined : 'the primary cannot reach its API server')
  const events = createEventRecorder({ client, controller: `${group}/primary`, instance: deps.identity, clock, log })
  const tombstones = createTombstones({ client, informer: informers.tombstones, events, namespace, clock })
  const told = createTold({ informer: informers.sightings, ownName: sightingsName(deps.identity), clock, log })
  const sightings = createSightings(clock, (uid) => told.contact(uid))
  const clusters = createClusterLookup({ client, informer: informers.clusters, namespace })
  const tokens = createTokenSource({ ...deps, informer: informers.tokens, keyring: () => identity.keyring() })
  const journal = countUses(createAdmissionJournal({ events, clock }), metrics)
  const interval = remember(() => heartbeatInterval(informers.clusters.count(), deps.heartbeatInterval))

  const identity = createIdentityKeeper({
    client,
    secrets: informers.identity,
    clusters: informers.clusters,
    tokens: informers.tokens,
    namespace: identityNamespace,
    primaryUid,
    clock,
    onChange: () => {
      serving.forget()
      controllers.wakeAll()
    },
  })
  const serving = remember(() =>
    servingPrimary({
      keyring: identity.keyring(),
      primaries: clusters.primaries(),
      clusters: informers.clusters.count(),
      endpointFlag: deps.endpoint,
      interval: deps.heartbeatInterval,
    }),
  )
  informers.clusters.onChange((change) => {
    interval.forget()
    serving.forget()
    sightings.follow(change)
    if (change.type === 'deleted') labels.forget(change.object.metadata.name)
  })
  const tls = deps.listen.tls ? createOwnTls({ ...deps, secrets: informers.certificate }) : undefined
  const controllers = createControllers({
    ...deps,
    informers,
    lookup: clusters,
    events,
    tombstones,
    sightings,
    identity,
    renewal: tls?.renewal,
    own,
    interval: interval.get,
    serving: serving.get,
  })
  const confirmation = createConfirmation({
    client,
    clusters,
    sightings,
    own,
    interval: interval.get,
    onNews: controllers.wakeCluster,
    pace: createBuckets(newsLoad, clock),
    clock,
  })

  const labels = createMemberLabels({ ...deps, events, pace: createBuckets(newsLoad, clock) })
  const frontLeaf = createFrontLeaf({ serving: serving.get, clock, log })

  const desk = createMemberDesk({
    keyring: () => loadedKeyring(identity.keyring()),
    issuerNamed: identity.issuerNamed,
    pace: countWaits(createBuckets(memberLoad, clock), 'member-key', metrics),
    clock,
  })

  const bootIds = createBootIds(clock)
  const suspect = createSuspect({ client, clusters, events, pace: createBuckets(newsLoad, clock), clock, log })
  const ofMembers = { client, desk, clusters, tombstones, events, suspect, interval: interval.get, clock, log }

  async function listen() {
    const certificate = await tls?.load()
    const services = {
      joins: createJoinService({
        client,
        bootstraps: informers.bootstraps,
        namespace,
        primaryUid,
        tokens,
        clusters,
        tombstones,
        suspect,
        waitingPlaces: createWaitingPlaces({ clusters: informers.clusters, clock }),
        serving: serving.get,
        issuerNamed: identity.issuerNamed,
        journal,
        gate: countTurnedAway(createGate(joinLoad), metrics),
        pace: countWaits(createBuckets(memberLoad, clock), 'join-key', metrics),
        spki: () => [...new Set([...(certificate?.spki() ?? []), ...[frontLeaf.spki() ?? []].flat()])],
        clock,
        log,
      }),
      heartbeats: createHeartbeatService({ ...ofMembers, serving: serving.get, confirmation, bootIds, labels }),
      rekeys: createRekeyService({ ...ofMembers, pace: createBuckets(rekeyLoad, clock) }),
      leaves: createLeaveService(ofMembers),
    }
    const open = deps.openJoinServer ?? createJoinServer
    const server = open({
      ...countAnswers(services, metrics),
      trustedProxies: deps.trustedProxies,
      sources: countWaits(createBuckets(sourceLoad, clock), 'source', metrics),
      lane: createMemberLane({ clusters, pace: countWaits(createBuckets(memberLoad, clock), 'lane', metrics) }),
      certificate,
      outage,
      metrics,
      clock,
      log,
    })
    await server.listen({ host: deps.listen.host, port: deps.listen.port })
    log.info({ addresses: server.addresses() }, 'serving the join endpoint')
    return server
  }

  let isLeading = false
  async function runLeading(signal: AbortSignal): Promise<void> {
    isLeading = true
    sightings.beginJudging()
    told.onNews(() => {
      confirmation.told(informers.clusters.list()).catch((err: unknown) => {
        log.error({ err }, 'cannot judge what other replicas tell')
      })
    })
    await Promise.all([controllers.runLeading(signal), collectSightings({ client, told, clock, log }, signal)])
  }

  /** The leader reads what is told. It tells in turn where another one may come to lead. */
  const hasReader = () => !isLeading || told.hasOthers()
  async function tell(signal: AbortSignal): Promise<void> {
    const telling = { ...deps, namespace: identityNamespace, sightings, hasReader, interval: interval.get }
    await tellSightings(telling, signal)
  }

  metrics.observe(() => stateOf(informers.clusters.list(), informers.tombstones.list(), identity.isLost()))

  return {
    informers,
    controllers,
    tombstones,
    listen,
    followCertificate: async (signal: AbortSignal) => tls?.follow(signal),
    frontLeaf,
    reach,
    runLeading,
    tell,
    notReady: () => reasonsNotReady(outage(), informers, identity),
    async flush() {
      journal.flush()
      await events.flush()
    },
  }
}
