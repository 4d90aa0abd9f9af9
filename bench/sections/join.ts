/**
 * How many clusters a primary lets in: identities with real cryptography and no Kubernetes of their own join through one
 * and two replicas. Beside each number stands what a bare client reaches that only sends the API server the same requests.
 */
import type { BedOptions } from '../bed.ts'
import type { Curve, Figure, Section, Table } from '../figures.ts'
import { type JoinTrial, joinMany, recordJoin, replayMany, type Trial } from '../join/trial.ts'
import { isWrite, requestsEach } from '../measure/audited-requests.ts'
import { percentile, sum } from '../measure/statistics.ts'

const beds: readonly BedOptions[] = [
  { replicas: 1, scheme: 'http' },
  { replicas: 2, scheme: 'http' },
  { replicas: 1, scheme: 'https' },
]

interface Compared {
  readonly trial: JoinTrial
  readonly bare: Trial
}

export const join: Section = {
  name: 'join',
  question: 'How many clusters join in a second, and how near is that to what the API server allows?',
  async run(context) {
    context.say('taking down the requests of one join')
    const requests = await recordJoin(context)
    const compared: Compared[] = []
    const limits: Trial[] = []
    for (const clusters of context.sizes.joins) {
      context.say(`${clusters} clusters, a bare client`)
      const bare = await replayMany(context, requests, clusters)
      limits.push(bare)
      for (const bed of beds) {
        context.say(`${clusters} clusters, ${describe(bed)}`)
        compared.push({ trial: await joinMany(context, bed, clusters), bare })
      }
    }
    const trials = compared.map(({ trial }) => trial)
    return {
      figures: compared.flatMap(figuresOf),
      tables: [cpuTable(trials, limits), timeTable(trials, limits), requestTable(trials)],
      curves: [cpuCurve(trials), timeCurve(trials)],
    }
  },
}

/** Over its own TLS each request has a connection of its own, as those of a cluster that joins have. */
function describe({ replicas, scheme }: BedOptions): string {
  const behind = scheme === 'http' ? 'TLS ended in front' : 'its own TLS'
  return `${replicas} replica${replicas === 1 ? '' : 's'}, ${behind}`
}

function figuresOf({ trial, bare }: Compared): readonly Figure[] {
  const { clusters, options } = trial
  const id = (name: string) => `join/${clusters}/${options.replicas}-${options.scheme}/${name}`
  const who = `${clusters} clusters through ${describe(options)}`
  // Fewer are over before a rate has settled, and share no Events.
  const isMany = clusters >= 100
  const writes = trial.requests.filter(isWrite).length / clusters
  return [
    {
      id: id('rate'),
      what: `joins a second, ${who}`,
      value: rateOf(trial),
      unit: '/s',
      against: { what: 'a bare client that sends the same requests', value: rateOf(bare) },
      ...(isMany && options.scheme === 'http' ? { budget: { of: 'ratio', bound: 'at least', limit: 0.6 } } : {}),
    },
    {
      id: id('cpu'),
      what: `CPU of one join without the joining clusters' own, ${who}`,
      value: cpuOf(trial, (process) => process !== 'load'),
      unit: 'ms',
      against: { what: 'a bare client, API server and etcd', value: cpuOf(bare, () => true) },
    },
    {
      id: id('writes'),
      what: `API writes of one join, ${who}`,
      value: writes,
      unit: '',
      ...(isMany ? { budget: { of: 'value', bound: 'at most', limit: 3.2 } } : {}),
    },
  ]
}

function rateOf({ clusters, ms }: Trial): number {
  return clusters / (ms / 1000)
}

/** Of one cluster, milliseconds. */
function cpuOf({ cpuMs, clusters }: Trial, counts: (process: string) => boolean): number {
  return sum(Object.entries(cpuMs).flatMap(([process, ms]) => (counts(process) ? [ms] : []))) / clusters
}

const processes = ['primary 1', 'primary 2', 'kube-apiserver', 'etcd', 'load', 'bare client']

function cpuTable(trials: readonly JoinTrial[], limits: readonly Trial[]): Table {
  const row = (who: string, trial: Trial) => [
    trial.clusters,
    who,
    ...processes.map((process) => (trial.cpuMs[process] === undefined ? '' : cpuOf(trial, (name) => name === process))),
  ]
  return {
    title: 'CPU of one join by process, ms',
    columns: ['clusters', 'who', ...processes],
    rows: [
      ...limits.map((trial) => row('bare client', trial)),
      ...trials.map((trial) => row(describe(trial.options), trial)),
    ],
  }
}

function timeTable(trials: readonly JoinTrial[], limits: readonly Trial[]): Table {
  return {
    title:
      'From the first question to the confirmed membership, 64 clusters at once; event-loop lag of the primary; ms',
    columns: ['clusters', 'who', 'p50', 'p90', 'p99', 'lag p99', 'lag max'],
    rows: [
      ...limits.map((trial) => [...timeRow('bare client', trial), '', '']),
      ...trials.map((trial) => [...timeRow(describe(trial.options), trial), trial.lag.p99, trial.lag.max]),
    ],
  }
}

/** Of the largest number of clusters. */
function requestTable(trials: readonly JoinTrial[]): Table {
  const most = Math.max(...trials.map(({ clusters }) => clusters))
  const rows = trials
    .filter(({ clusters }) => clusters === most)
    .flatMap(({ requests, options }) =>
      requestsEach(requests, most).map(({ request, each }) => [describe(options), request, each]),
    )
  return { title: `API requests of one join, of ${most}`, columns: ['who', 'request', 'each'], rows }
}

function timeRow(who: string, { clusters, durations }: Trial): readonly (string | number)[] {
  return [clusters, who, ...[0.5, 0.9, 0.99].map((share) => percentile(durations, share))]
}

function cpuCurve(trials: readonly JoinTrial[]): Curve {
  const [single] = beds
  const alone = trials.filter(({ options }) => options === single)
  return {
    id: 'cpu-per-join',
    title: 'CPU of one join',
    x: 'clusters',
    y: 'ms',
    perUnit: true,
    series: [
      { name: 'primary', points: pointsOf('primary 1', alone) },
      { name: 'API server', points: pointsOf('kube-apiserver', alone) },
    ],
  }
}

function pointsOf(process: string, trials: readonly Trial[]) {
  return trials.map((trial) => [trial.clusters, cpuOf(trial, (name) => name === process)] as const)
}

function timeCurve(trials: readonly JoinTrial[]): Curve {
  return {
    id: 'time-of-all-joins',
    title: 'Time until all have joined',
    x: 'clusters',
    y: 's',
    series: beds.map((bed) => ({
      name: describe(bed),
      points: trials.filter(({ options }) => options === bed).map(({ clusters, ms }) => [clusters, ms / 1000] as const),
    })),
  }
}
