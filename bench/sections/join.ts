/**
 * How many clusters a primary lets in: identities with real cryptography and no Kubernetes of their own join through one
 * and two replicas. Beside each number stands what a bare client reaches that only sends the API server the same requests.
 */
import type { AuditEvent } from '../../tools/controlplane/audit-log.ts'
import { type Bed, type BedOptions, withBed } from '../bed.ts'
import type { BenchContext, Curve, Figure, Section, SectionResult, Table } from '../figures.ts'
import type { JoiningOutcome, JoiningTask } from '../load/joining.ts'
import type { ReplayingOutcome, ReplayingTask } from '../load/replaying.ts'
import { startLoad } from '../load/work.ts'
import { type RecordedRequest, recordRequests, requestsEach } from '../measure/audited-requests.ts'
import { eventLoopLag } from '../measure/event-loop-lag.ts'
import { cpuDuring } from '../measure/process-usage.ts'
import { percentile } from '../measure/statistics.ts'

/** As many as a primary lets work at once. */
const atOnce = 64
/** As many as a primary has to its API server. */
const connections = 32
/** Before anything counts: what is compiled, cached or opened once is no cost of a join. */
const warmUp = 50

interface Trial {
  readonly clusters: number
  readonly ms: number
  /** Of each cluster, milliseconds. */
  readonly durations: readonly number[]
  /** Milliseconds by process. */
  readonly cpuMs: Readonly<Record<string, number>>
  readonly requests: readonly AuditEvent[]
  /** Of the replica that had the longest, milliseconds. */
  readonly lag: { readonly p99: number; readonly max: number } | undefined
}

export const join: Section = {
  name: 'join',
  question: 'How many clusters join in a second, and how near is that to what the API server allows?',
  async run(context) {
    const requests = await withBed(context, { replicas: 1, scheme: 'http' }, recordOne)
    const results: SectionResult[] = []
    for (const clusters of context.sizes.joins) {
      const bare = await replayAll(context, requests, clusters)
      for (const bed of beds) {
        context.say(`join: ${clusters} clusters, ${describe(bed)}`)
        results.push(report(bed, await joinAll(context, bed, clusters), bare))
      }
    }
    return { figures: results.flatMap(({ figures }) => figures), tables: results.flatMap(({ tables }) => tables), curves: [] }
  },
}

const beds: readonly BedOptions[] = [
  { replicas: 1, scheme: 'http' },
  { replicas: 2, scheme: 'http' },
]

/** The requests that the second join of a primary leads to; the first one finds nothing cached. */
async function recordOne(bed: Bed): Promise<readonly RecordedRequest[]> {
  await joiners(bed, 'first', 1)
  await bed.requestsSince(await bed.controlPlane.auditLog.mark())
  const mark = await bed.controlPlane.auditLog.mark()
  await joiners(bed, 'second', 1)
  return recordRequests(await bed.requestsSince(mark), 'second-0')
}

async function joinAll(context: BenchContext, options: BedOptions, clusters: number): Promise<Trial> {
  return withBed(context, options, async (bed) => {
    await joiners(bed, 'warm', warmUp)
    await bed.requestsSince(await bed.controlPlane.auditLog.mark())
    await Promise.all(bed.replicas.map(eventLoopLag))
    const load = await startLoad<JoiningTask, JoiningOutcome>('joining.ts', taskOf(bed, 'member', clusters))
    try {
      const mark = await bed.controlPlane.auditLog.mark()
      const { result, ms, cpuMs } = await cpuDuring({ ...bed.pids, load: load.pid }, load.begin)
      const lags = await Promise.all(bed.replicas.map(eventLoopLag))
      const lag = { p99: Math.max(...lags.map(({ p99 }) => p99)), max: Math.max(...lags.map(({ max }) => max)) }
      return { clusters, ms, durations: result, cpuMs, lag, requests: await bed.requestsSince(mark) }
    } finally {
      load.end()
    }
  })
}

/** The same requests by a bare client; no primary runs, so nobody watches either. */
async function replayAll(
  context: BenchContext,
  requests: readonly RecordedRequest[],
  clusters: number,
): Promise<Trial> {
  context.say(`join: ${clusters} clusters, a bare client`)
  return withBed(context, { replicas: 1, scheme: 'http' }, async (bed) => {
    await Promise.all(bed.replicas.map((replica) => replica.stop()))
    const replaying = async (prefix: string, count: number) =>
      startLoad<ReplayingTask, ReplayingOutcome>('replaying.ts', {
        kubeconfig: bed.kubeconfig,
        requests,
        prefix,
        clusters: count,
        atOnce,
        connections,
      })
    const first = await replaying('warm', warmUp)
    await first.begin()
    first.end()
    const load = await replaying('member', clusters)
    try {
      const { etcd = 0, 'kube-apiserver': apiServer = 0 } = bed.pids
      const { result, ms, cpuMs } = await cpuDuring({ etcd, 'kube-apiserver': apiServer, load: load.pid }, load.begin)
      return { clusters, ms, durations: result, cpuMs, lag: undefined, requests: [] }
    } finally {
      load.end()
    }
  })
}

async function joiners(bed: Bed, prefix: string, clusters: number): Promise<void> {
  const load = await startLoad<JoiningTask, JoiningOutcome>('joining.ts', taskOf(bed, prefix, clusters))
  await load.begin()
  load.end()
}

function taskOf({ endpoints, token }: Bed, prefix: string, clusters: number): JoiningTask {
  return { endpoints, token, prefix, clusters, atOnce, connections }
}

function describe({ replicas, scheme }: BedOptions): string {
  return `${replicas === 1 ? '1 replica' : `${replicas} replicas`}, ${scheme}`
}

function report(bed: BedOptions, trial: Trial, bare: Trial): SectionResult {
  const rate = trial.clusters / (trial.ms / 1000)
  const bareRate = bare.clusters / (bare.ms / 1000)
  console.log(describe(bed), trial.clusters, 'rate', rate.toFixed(1), 'bare', bareRate.toFixed(1), 'ratio', (rate/bareRate).toFixed(3))
  const each = (t: Trial) => Object.fromEntries(Object.entries(t.cpuMs).map(([k, v]) => [k, +(v / t.clusters).toFixed(2)]))
  console.log('cpu each', each(trial), 'bare', each(bare), 'lag', trial.lag, 'p50', percentile(trial.durations, 0.5), 'p99', percentile(trial.durations, 0.99))
  console.log(requestsEach(trial.requests, trial.clusters))
  return { figures: [], tables: [], curves: [] }
}
