/**
 * Many clusters join at once, or a bare client sends the API server what they would have led to: one of the two, on a
 * control plane of its own, with all that it took. What the numbers mean is for others to say.
 */
import type { AuditEvent } from '../../tools/controlplane/audit-log.ts'
import { type Bed, type BedOptions, withBed } from '../bed.ts'
import type { BenchContext } from '../figures.ts'
import type { Joining, JoiningTask } from '../load/joining.ts'
import type { Replaying } from '../load/replaying.ts'
import { startLoad } from '../load/work.ts'
import { type RecordedRequest, recordRequests } from '../measure/audited-requests.ts'
import { eventLoopLag, type Lag } from '../measure/event-loop-lag.ts'
import { cpuDuring } from '../measure/process-usage.ts'

export interface Trial {
  readonly clusters: number
  /** From the first request to the last answer, milliseconds. */
  readonly ms: number
  /** Of each cluster, milliseconds. */
  readonly durations: readonly number[]
  /** Milliseconds by process. */
  readonly cpuMs: Readonly<Record<string, number>>
}

export interface JoinTrial extends Trial {
  readonly options: BedOptions
  /** What the replicas have asked the API server. */
  readonly requests: readonly AuditEvent[]
  /** Of the replica that made others wait longest. */
  readonly lag: Lag
}

/** As many as a primary lets work at once. */
const atOnce = 64
/** As many as a primary has to its API server. */
const connections = 32

/** The requests that a join leads to, of a primary that has seen one before. */
export async function recordJoin(context: BenchContext): Promise<readonly RecordedRequest[]> {
  return withBed(context, { replicas: 1, scheme: 'http' }, async (bed) => {
    await join(bed, 'first', 1)
    const mark = await whenQuiet(bed)
    await join(bed, 'second', 1)
    return recordRequests(await bed.requestsSince(mark), 'second-0')
  })
}

export async function joinMany(context: BenchContext, options: BedOptions, clusters: number): Promise<JoinTrial> {
  return withBed(context, options, async (bed) => {
    await join(bed, 'warm', context.pace.warmUp)
    const mark = await whenQuiet(bed)
    const load = await startLoad<Joining>('joining.ts', taskOf(bed, 'member', clusters))
    try {
      // Each look begins the measurement anew.
      await Promise.all(bed.replicas.map(eventLoopLag))
      const { result, ms, cpuMs } = await cpuDuring({ ...bed.pids, load: load.pid }, load.begin)
      const lags = await Promise.all(bed.replicas.map(eventLoopLag))
      const lag = { p99: Math.max(...lags.map(({ p99 }) => p99)), max: Math.max(...lags.map(({ max }) => max)) }
      return { options, clusters, ms, durations: result, cpuMs, lag, requests: await bed.requestsSince(mark) }
    } finally {
      load.end()
    }
  })
}

/** No primary runs meanwhile, so that nobody watches either. */
export async function replayMany(
  context: BenchContext,
  requests: readonly RecordedRequest[],
  clusters: number,
): Promise<Trial> {
  return withBed(context, { replicas: 1, scheme: 'http' }, async ({ kubeconfig, replicas, pids }) => {
    await Promise.all(replicas.map((replica) => replica.stop()))
    const task = { kubeconfig, requests, atOnce, connections }
    const before = await startLoad<Replaying>('replaying.ts', {
      ...task,
      prefix: 'warm',
      clusters: context.pace.warmUp,
    })
    await before.begin()
    before.end()
    const load = await startLoad<Replaying>('replaying.ts', {
      ...task,
      prefix: 'member',
      clusters,
    })
    try {
      const { etcd = 0, 'kube-apiserver': apiServer = 0 } = pids
      const running = { etcd, 'kube-apiserver': apiServer, 'bare client': load.pid }
      const { result, ms, cpuMs } = await cpuDuring(running, load.begin)
      return { clusters, ms, durations: result, cpuMs }
    } finally {
      load.end()
    }
  })
}

/** A mark in the audit log, after everything that has been caused so far. */
async function whenQuiet(bed: Bed): Promise<number> {
  await bed.requestsSince(await bed.controlPlane.auditLog.mark())
  return bed.controlPlane.auditLog.mark()
}

async function join(bed: Bed, prefix: string, clusters: number): Promise<void> {
  const load = await startLoad<Joining>('joining.ts', taskOf(bed, prefix, clusters))
  await load.begin()
  load.end()
}

function taskOf({ endpoints, token }: Bed, prefix: string, clusters: number): JoiningTask {
  return { endpoints, token, prefix, clusters, atOnce, connections }
}
