/**
 * A fleet of stored members and the process that judges them: the controller of Clusters over an API server in memory, on
 * a clock that stands still. Members beat where a test says so; nothing is judged but by the product.
 */
import { type Cluster, type ClusterStatus, clusterKind } from '../../../../src/api/cluster.ts'
import { clusterInfoFinalizer } from '../../../../src/api/group.ts'
import { createController } from '../../../../src/kube/controller.ts'
import { keyOf } from '../../../../src/kube/objects.ts'
import { createClusterReconciler } from '../../../../src/primary/cluster/cluster.reconcile.ts'
import { createFollowedInterval } from '../../../../src/primary/cluster/followed-interval.ts'
import { createOutageWatch } from '../../../../src/primary/cluster/outage.ts'
import { createSightings } from '../../../../src/primary/cluster/sightings.ts'
import { decideStatus } from '../../../../src/primary/cluster/status.decide.ts'
import { nextStatus } from '../../../../src/primary/cluster/status.write.ts'
import type { Tombstones } from '../../../../src/primary/cluster/tombstones.ts'
import { clusterIndexes, createClusterLookup } from '../../../../src/primary/cluster-lookup.ts'
import { createConfirmation } from '../../../../src/primary/heartbeat/confirmation.ts'
import { createBuckets } from '../../../../src/primary/load/buckets.ts'
import { newsLoad } from '../../../../src/primary/load/limits.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { createMemoryApi } from '../memory-api.fixture.ts'
import { at, cluster, member, namespace, noon } from '../objects.fixture.ts'
import { silentLog } from '../silent-log.fixture.ts'

export const interval = 20_000
const heartbeat = { versions: { operator: '0.1.0', kubernetes: 'v1.36.3' }, health: 'ok' }
const own = { uid: 'uid-primary', versions: heartbeat.versions }
const primaryName = 'primary-cluster-1'

/** Every member is joined and healthy, and was last heard when the clock began. */
export function createFleet(size: number) {
  const clock = createManualClock({ now: noon })
  const api = createMemoryApi()
  const names = Array.from({ length: size }, (_, index) => `member-${index}`)
  api.putUnseen(
    clusterKind,
    cluster(primaryName, { spec: { primary: true }, metadata: { finalizers: [clusterInfoFinalizer] } }),
  )
  for (const name of names) api.putUnseen(clusterKind, joined(name))
  const clusters = api.cache(clusterKind, clusterIndexes)
  const lookup = createClusterLookup({ client: api.client, informer: clusters, namespace })
  let syncedAt = api.requests.length

  /** The caches see what has been written. */
  function sync(): void {
    if (api.requests.length === syncedAt) return
    syncedAt = api.requests.length
    api.sync()
  }

  return {
    names,
    clock,
    /** `told` is the interval that it tells members, milliseconds. */
    judge: (told = () => interval) => startJudge(told),
    /** Lets time pass in steps of a second; `beats` names who beats in each. */
    async pass(ms: number, beats: (second: number) => readonly string[], judge: Judge) {
      for (let second = 1; second <= ms / 1_000; second += 1) {
        await clock.advance(1_000)
        for (const name of beats(second)) await judge.hear(name)
        // What they have brought up is judged within the same second.
        await clock.advance(0)
        sync()
      }
    },
    /** `Status/Reason` of a condition; undefined where there is none. */
    verdict(name: string, type: string): string | undefined {
      const { conditions = [] } = api.stored<Cluster>(clusterKind, name, namespace)?.status ?? {}
      const found = conditions.find((condition) => condition.type === type)
      return found && `${found.status}/${found.reason}`
    },
    /** What the primary's own Cluster says that members may still follow, seconds. */
    followed: () => api.stored<Cluster>(clusterKind, primaryName, namespace)?.status?.heartbeatInterval,
    lost: () =>
      api.all<Cluster>(clusterKind).flatMap(({ metadata, status }) => (isLost(status) ? [metadata.name] : [])),
    degraded: () =>
      api
        .stored<Cluster>(clusterKind, primaryName, namespace)
        ?.status?.conditions?.find(({ type }) => type === 'ConnectivityDegraded')?.message,
    writes: () => api.requests.filter((request) => request.startsWith('patch')).length,
  }

  /** A process that begins to lead now. */
  function startJudge(told: () => number): Judge {
    const sightings = createSightings(clock)
    const followed = createFollowedInterval({ told, primaries: () => lookup.primaries(), clock })
    followed.beginJudging()
    const announced: string[] = []
    const outage = createOutageWatch({
      clusters,
      lookup,
      sightings,
      events: {
        record: ({ regarding, reason, note }) => announced.push(`${regarding.metadata.name} ${reason}: ${note}`),
      },
      followed,
      clock,
      onChange: () => wakeAll(),
    })
    const reconcile = createClusterReconciler({
      client: api.client,
      clusters,
      lookup,
      bootstraps: { by: () => [] } as never,
      tombstones: { cached: () => undefined } as unknown as Tombstones,
      sightings,
      outage,
      own: () => own,
      interval: told,
      followed,
      clock,
    })
    const controller = createController({ name: 'cluster', workers: 4, reconcile, clock, log: silentLog })
    const wakeAll = () => {
      for (const object of clusters.list()) controller.enqueue(keyOf(object))
    }
    const confirmation = createConfirmation({
      client: api.client,
      clusters: lookup,
      sightings,
      own: () => own,
      interval: told,
      followed,
      onNews: (key) => controller.enqueue(key),
      pace: createBuckets(newsLoad, clock),
      clock,
    })
    const end = new AbortController()
    wakeAll()
    const ended = controller.run(end.signal)
    return {
      announced,
      async hear(name) {
        const known = lookup.named(name)
        const keyId = known?.spec.member?.keyId ?? ''
        if (known !== undefined) await confirmation.heard(known, heartbeat, { keyId, boot: 'boot' })
      },
      async stop() {
        end.abort()
        await ended
      },
    }
  }
}

export interface Judge {
  /** The Events that it has recorded. */
  readonly announced: readonly string[]
  hear(name: string): Promise<void>
  stop(): Promise<void>
}

export type Fleet = ReturnType<typeof createFleet>

function joined(name: string): Cluster {
  const known = cluster(name, { spec: { member: member({ uid: `uid-${name}`, keyId: `key-${name}` }) } })
  const contact = { at: noon, age: 0, gap: interval, heartbeat }
  const outage = { kind: 'none' } as const
  const seen = { cluster: known, own, contact, interval, told: interval, listening: 0, now: noon, waitsFor: [], outage }
  const status = nextStatus(known, decideStatus(seen), noon)
  if (status === undefined) throw new Error(`nothing is to be said of ${name} at ${at(noon)}`)
  return { ...known, status }
}

function isLost(status: ClusterStatus | undefined): boolean {
  return status?.conditions?.some(({ type, reason }) => type === 'Healthy' && reason === 'NoHeartbeat') ?? false
}
