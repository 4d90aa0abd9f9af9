/**
 * A fleet that has joined and beats: what it takes of the primary and of its API server, and how soon those are missed
 * that fall silent. Beside it stands what the bare work of so many heartbeats takes.
 */

import type { Curve, Figure, Reference, Section } from '../figures.ts'
import { type Living, observeLiving } from '../fleet/living.ts'
import { beatsOf, costTable, silenceTable, writeTable } from '../fleet/living-tables.ts'
import { openFleetSite } from '../fleet/site.ts'
import { bareBeatShare } from '../load/bare-beats.ts'

export const beat: Section = {
  name: 'beat',
  question:
    'What does a fleet cost that does nothing but live, and how soon is it noticed that a part of it is silent?',
  async run(context) {
    const { sizes, pace, say } = context
    const fleets = sizes.fleets.toSorted((a, b) => a - b)
    const site = await openFleetSite(context)
    const overHttp: Trial[] = []
    let overTls: Living | undefined
    try {
      for (const members of fleets) {
        await site.grow(members)
        const isLargest = members === fleets.at(-1)
        const living = await observeLiving(site, { members, scheme: 'http', pace, withSilence: pace.withSilence, say })
        overHttp.push({ living, bare: await bareShare(living, pace.bareFor) })
        if (isLargest) overTls = await observeLiving(site, { members, scheme: 'https', pace, withSilence: false, say })
      }
    } finally {
      await site.end()
    }
    const tls = overTls === undefined ? [] : tlsFigures(overTls, overHttp.at(-1)?.living)
    const all = [...overHttp.map(({ living }) => living), ...(overTls === undefined ? [] : [overTls])]
    return {
      figures: [...overHttp.flatMap(httpFigures), ...tls],
      tables: [costTable(all), silenceTable(all), ...all.map(writeTable)],
      curves: curvesOf(overHttp.map(({ living }) => living)),
    }
  },
}

interface Trial {
  readonly living: Living
  /** Percent of one core that the bare work of so many heartbeats takes. */
  readonly bare: number
}

const megabyte = 1e6
/** The size that a budget speaks of. */
const large = 10_000
const middling = 1_000
/** Of connections that are held under TLS, megabytes: 2,000 of 40 KiB each. */
const heldConnections = (2_000 * 40 * 1024) / megabyte

async function bareShare(living: Living, lasting: number): Promise<number> {
  return bareBeatShare({ rate: beatsOf(living) / (living.ms / 1000), lasting, connections: 32 })
}

function httpFigures({ living, bare }: Trial): readonly Figure[] {
  const { members, silence } = living
  const what = `of ${members} members that beat over HTTP`
  const work = { what: 'an empty request, a verification and a signature for each, bare', value: bare }
  const noticed = (silence?.noticedAfter ?? []).map((ms) => ms / living.interval)
  return [
    figure(living, 'cpu', `CPU ${what}, percent of one core`, shareOf(living), '%', budgetAt(members, large, 25), work),
    figure(living, 'memory', `memory ${what}`, living.rss / megabyte, 'MB', budgetAt(members, large, 200)),
    figure(
      living,
      'writes',
      `writes to the API server a minute ${what}`,
      perMinute(living, living.writes.length),
      '',
      budgetAt(members, middling, 60),
    ),
    figure(living, 'false-alarms', `false alarms ${what}`, living.falseAlarms, '', budgetAt(members, members, 0)),
    ...(noticed.length === 0 ? [] : noticedFigures(living, noticed)),
  ]
}

function noticedFigures(living: Living, noticed: readonly number[]): readonly Figure[] {
  const what = `of ${noticed.length} that fall silent among ${living.members}`
  return [
    figure(living, 'first-missed', `the first ${what} is missed after, in intervals`, Math.min(...noticed), ''),
    figure(living, 'last-missed', `the last ${what} is missed after, in intervals`, Math.max(...noticed), ''),
  ]
}

function tlsFigures(living: Living, plain: Living | undefined): readonly Figure[] {
  const { members } = living
  const what = `of ${members} members that beat over its own TLS`
  const beside = (value: (living: Living) => number): Reference | undefined =>
    plain === undefined ? undefined : { what: 'over HTTP', value: value(plain) }
  const limit = budgetAt(members, large, 200 + heldConnections)
  return [
    figure(living, 'cpu', `CPU ${what}, percent of one core`, shareOf(living), '%', undefined, beside(shareOf)),
    figure(living, 'memory', `memory ${what}`, memoryOf(living), 'MB', limit, beside(memoryOf)),
    figure(living, 'false-alarms', `false alarms ${what}`, living.falseAlarms, '', budgetAt(members, members, 0)),
  ]
}

function figure(
  { members, scheme }: Living,
  id: string,
  what: string,
  value: number,
  unit: string,
  budget?: Figure['budget'],
  against?: Reference,
): Figure {
  return {
    id: `beat/${members}/${scheme}/${id}`,
    what,
    value,
    unit,
    ...(budget === undefined ? {} : { budget }),
    ...(against === undefined ? {} : { against }),
  }
}

function budgetAt(members: number, size: number, limit: number): Figure['budget'] {
  return members === size ? { of: 'value', bound: 'at most', limit } : undefined
}

function shareOf({ cpuMs, ms }: Living): number {
  return (cpuMs / ms) * 100
}

function memoryOf({ rss }: Living): number {
  return rss / megabyte
}

function perMinute({ ms }: Living, count: number): number {
  return count / (ms / 60_000)
}

function curvesOf(all: readonly Living[]): readonly Curve[] {
  return [
    {
      id: 'cpu-per-beat',
      title: 'CPU of one heartbeat',
      x: 'members',
      y: 'ms',
      perUnit: true,
      series: [{ name: 'primary', points: all.map((living) => [living.members, living.cpuMs / beatsOf(living)]) }],
    },
  ]
}
