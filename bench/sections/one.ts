/**
 * How long one join takes where nothing else goes on, from the user's `mc-join` to the `Joined` that the user is told, and
 * where the time goes. Each is the join of a cluster that is new to the primary, so that all of them do the same.
 */
import type { BenchContext, Figure, Section, SectionResult, Table } from '../figures.ts'
import { type Phase, phasesOf, requestsOf } from '../measure/phases.ts'
import { cpuDuring } from '../measure/process-usage.ts'
import { median, percentile, sum } from '../measure/statistics.ts'
import { measureFloor, secretSizes } from '../one/floor.ts'
import { type Pair, withPair } from '../one/pair.ts'
import { forget, joinOnce, type SidedRequest, type SingleJoin } from '../one/single-join.ts'
import { lastPhase, steps } from '../one/steps.ts'

interface Trial {
  /** By processes that have only just started. */
  readonly first: SingleJoin
  readonly others: readonly SingleJoin[]
  /** Of all the others together, from rest to rest, by process; milliseconds. */
  readonly cpuMs: Readonly<Record<string, number>>
  /** Of the bare client, milliseconds. */
  readonly floor: readonly number[]
}

/** Of the joins that follow the first one, so many are not counted: what is compiled or opened once is no cost of theirs. */
const warmUp = 5
/** How often the bare client does the same. */
const floorTimes = 20
const sayEvery = 20

export const one: Section = {
  name: 'one',
  question: 'How long does one join take on a quiet pair, and where does the time go?',
  run: async (context) => withPair(context, async (pair) => report(await tryIt(context, pair))),
}

async function tryIt({ sizes, say }: BenchContext, pair: Pair): Promise<Trial> {
  const first = await joinAndForget(pair)
  for (let index = 0; index < warmUp; index += 1) await joinAndForget(pair)
  const others: SingleJoin[] = []
  const cpuMs = Object.fromEntries(Object.keys(pair.pids).map((name) => [name, 0]))
  while (others.length < sizes.singles) {
    const used = await cpuDuring(pair.pids, async () => joinOnce(pair))
    for (const [name, ms] of Object.entries(used.cpuMs)) cpuMs[name] = (cpuMs[name] ?? 0) + ms
    others.push(used.result)
    await forget(pair)
    if (others.length % sayEvery === 0) say(`${others.length} of ${sizes.singles} joins`)
  }
  const last = await joinOnce(pair)
  const requests = requestsOf(last.requests, steps)
    .flat()
    .toSorted((a, b) => a.receivedAt - b.receivedAt)
  say('the same requests by a bare client')
  const floor = await measureFloor(pair, { requests, sizes: await secretSizes(pair) }, floorTimes)
  return { first, others, cpuMs, floor }
}

async function joinAndForget(pair: Pair): Promise<SingleJoin> {
  const join = await joinOnce(pair)
  await forget(pair)
  return join
}

function report(trial: Trial): SectionResult {
  const figures = [...timeFigures(trial), ...requestFigures(trial)]
  return { figures, tables: [phaseTable(trial), cpuTable(trial)], curves: [] }
}

function timeFigures({ first, others, floor }: Trial): readonly Figure[] {
  const against = { what: 'the same requests by a bare client, one after the other', value: median(floor) }
  const times = others.map(durationOf)
  const ms = (id: string, what: string, value: number): Figure => ({
    id: `one/${id}`,
    what,
    value,
    unit: 'ms',
    against,
  })
  return [
    { ...ms('p50', 'one join, p50', percentile(times, 0.5)), budget: { of: 'value', bound: 'at most', limit: 250 } },
    ms('p90', 'one join, p90', percentile(times, 0.9)),
    { ...ms('p99', 'one join, p99', percentile(times, 0.99)), budget: { of: 'value', bound: 'at most', limit: 1000 } },
    ms('max', 'one join, the longest', Math.max(...times)),
    ms('first', 'the first join of processes that have just started', durationOf(first)),
  ]
}

function requestFigures({ others }: Trial): readonly Figure[] {
  const each = (id: string, what: string, isMeant: (request: SidedRequest) => boolean): Figure => {
    const counts = others.map(
      ({ requests }) => requests.filter((request) => bySecondary(request) && isMeant(request)).length,
    )
    return {
      id: `one/requests/${id}`,
      what: `requests of a secondary for one join: ${what}`,
      value: median(counts),
      unit: '',
    }
  }
  return [each('writes', 'writes', isWrite), each('reads', 'reads', (request) => !isWrite(request))]
}

/** And not the user's own. */
function bySecondary({ side, user }: SidedRequest): boolean {
  return side === 'secondary' && user !== 'admin'
}

function isWrite({ verb }: SidedRequest): boolean {
  return verb !== 'get' && verb !== 'list'
}

function durationOf({ createdAt, joinedAt }: SingleJoin): number {
  return joinedAt - createdAt
}

function phaseTable({ first, others }: Trial): Table {
  const ofFirst = phasesIn(first)
  const ofOthers = others.map(phasesIn)
  const medians = ofFirst.map(({ what }, index) => ({
    what,
    ms: median(ofOthers.map((phases) => phases[index]?.ms ?? 0)),
  }))
  const whole = sum(medians.map(({ ms }) => ms))
  const rows = medians.map(({ what, ms }, index) => [
    what,
    ms.toFixed(1),
    `${((ms / whole) * 100).toFixed(0)} %`,
    (ofFirst[index]?.ms ?? 0).toFixed(1),
  ])
  const total = ['the whole', whole.toFixed(1), '100 %', durationOf(first).toFixed(1)]
  return {
    title: 'Where the time of one join goes',
    columns: ['phase', 'median ms', 'share', 'first join, ms'],
    rows: [...rows, total],
  }
}

function cpuTable({ others, cpuMs }: Trial): Table {
  const rows = Object.entries(cpuMs).map(([name, ms]) => [name, (ms / others.length).toFixed(1)])
  return { title: 'CPU of one join, until all is at rest again', columns: ['process', 'ms'], rows }
}

function phasesIn({ createdAt, joinedAt, requests }: SingleJoin): readonly Phase[] {
  return phasesOf({ from: createdAt, to: joinedAt, requests, last: lastPhase }, steps)
}
