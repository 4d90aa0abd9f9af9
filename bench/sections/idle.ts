/**
 * A primary with a fleet stored that nobody hears from yet: how long it takes to be ready after its start, how much memory
 * it needs, and what it writes while nothing happens.
 */

import type { Curve, Figure, Reference, Section, Table } from '../figures.ts'
import { openFleetSite } from '../fleet/site.ts'
import { observeStanding, type Standing } from '../fleet/standing.ts'
import { requestsEach } from '../measure/audited-requests.ts'
import { median } from '../measure/statistics.ts'

export const idle: Section = {
  name: 'idle',
  question: 'What does a primary cost that just stands there, and how long does it take to be ready?',
  async run(context) {
    const { sizes, pace, say } = context
    const site = await openFleetSite(context)
    const all: Standing[] = []
    try {
      for (const clusters of [0, ...sizes.fleets.toSorted((a, b) => a - b)]) {
        await site.grow(clusters)
        say(`starting with ${clusters} Clusters, and standing there`)
        all.push(await observeStanding(site, clusters, pace))
      }
    } finally {
      await site.end()
    }
    const [empty, ...filled] = all
    return {
      figures: all.flatMap((standing) => figuresOf(standing, standing === empty ? undefined : empty)),
      tables: [detailTable(all), ...all.map(writeTable)],
      curves: empty === undefined ? [] : curvesOf(empty, filled),
    }
  },
}

const megabyte = 1e6
/** The size that a budget speaks of. */
const large = 10_000

function figuresOf(standing: Standing, empty: Standing | undefined): readonly Figure[] {
  const { clusters, readings } = standing
  const start = { what: 'a bare client that reads the same objects', value: median(readings) }
  const none: Reference | undefined =
    empty === undefined ? undefined : { what: 'with 0 Clusters', value: empty.rss / megabyte }
  const stored = `with ${clusters} Clusters stored`
  return [
    figure(standing, 'start', `start to ready ${stored}`, median(standing.starts), 'ms', 5_000, start),
    figure(standing, 'memory', `memory of an idle primary ${stored}`, standing.rss / megabyte, 'MB', 200, none),
    figure(
      standing,
      'writes',
      `writes to the API server a minute ${stored}, nobody beats`,
      writesPerMinute(standing),
      '',
    ),
  ]
}

/** The limit counts where so many Clusters are stored as it speaks of. */
function figure(
  { clusters }: Standing,
  id: string,
  what: string,
  value: number,
  unit: string,
  limit?: number,
  against?: Reference,
): Figure {
  const budget =
    limit !== undefined && clusters === large ? ({ of: 'value', bound: 'at most', limit } as const) : undefined
  return {
    id: `idle/${clusters}/${id}`,
    what,
    value,
    unit,
    ...(budget === undefined ? {} : { budget }),
    ...(against === undefined ? {} : { against }),
  }
}

function writesPerMinute({ writes, ms }: Standing): number {
  return writes.length / (ms / 60_000)
}

function detailTable(all: readonly Standing[]): Table {
  return {
    title: 'An idle primary',
    columns: ['Clusters', 'CPU', 'memory', 'heap in use', 'fastest start', 'slowest start'],
    rows: all.map(({ clusters, cpuMs, ms, rss, heapUsed, starts }) => [
      clusters,
      `${((cpuMs / ms) * 100).toFixed(2)} %`,
      `${(rss / megabyte).toFixed(0)} MB`,
      `${(heapUsed / megabyte).toFixed(0)} MB`,
      `${Math.min(...starts).toFixed(0)} ms`,
      `${Math.max(...starts).toFixed(0)} ms`,
    ]),
  }
}

function writeTable(standing: Standing): Table {
  return {
    title: `Writes to the API server: ${standing.clusters} Clusters stored, nobody beats`,
    columns: ['request', 'a minute'],
    rows: requestsEach(standing.writes, standing.ms / 60_000).map(({ request, each }) => [request, each.toFixed(1)]),
  }
}

/** What each Cluster adds to a primary that has none. */
function curvesOf(empty: Standing, filled: readonly Standing[]): readonly Curve[] {
  const added = (value: (standing: Standing) => number) =>
    filled.map((standing) => [standing.clusters, (value(standing) - value(empty)) / standing.clusters] as const)
  return [
    {
      id: 'memory-per-cluster',
      title: 'Memory that each Cluster adds to an idle primary',
      x: 'Clusters',
      y: 'KiB',
      perUnit: true,
      series: [{ name: 'memory', points: added(({ rss }) => rss / 1024) }],
    },
    {
      id: 'start-per-cluster',
      title: 'Time that each Cluster adds to a start',
      x: 'Clusters',
      y: 'ms',
      perUnit: true,
      series: [{ name: 'start', points: added(({ starts }) => median(starts)) }],
    },
  ]
}
