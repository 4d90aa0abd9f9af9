/** What is known of fleets that live, in detail: as tables below the figures. */
import type { Table } from '../figures.ts'
import { requestsEach } from '../measure/audited-requests.ts'
import { percentile, sum } from '../measure/statistics.ts'
import type { Living } from './living.ts'

export function costTable(all: readonly Living[]): Table {
  return {
    title: 'Heartbeats',
    columns: [
      'members',
      'over',
      'a second',
      'CPU each',
      'p50',
      'p99',
      'event loop p99',
      'event loop longest',
      'answers',
    ],
    rows: all.map((living) => [
      living.members,
      living.scheme,
      (beatsOf(living) / (living.ms / 1000)).toFixed(1),
      `${(living.cpuMs / beatsOf(living)).toFixed(3)} ms`,
      `${percentile(living.latencies, 0.5).toFixed(2)} ms`,
      `${percentile(living.latencies, 0.99).toFixed(2)} ms`,
      `${living.lag.p99.toFixed(1)} ms`,
      `${living.lag.max.toFixed(1)} ms`,
      Object.entries(living.answers)
        .map(([says, count]) => `${count} ${says}`)
        .join(', '),
    ]),
  }
}

export function silenceTable(all: readonly Living[]): Table {
  return {
    title: 'Members that fall silent: since the last heartbeat of each',
    columns: ['members', 'interval', 'silent', 'first missed', 'last missed', 'never missed', 'false alarms'],
    rows: all.flatMap(({ members, interval, silence, falseAlarms }) =>
      silence === undefined || silence.noticedAfter.length === 0
        ? []
        : [
            [
              members,
              seconds(interval),
              silence.noticedAfter.length + silence.missed,
              seconds(Math.min(...silence.noticedAfter)),
              seconds(Math.max(...silence.noticedAfter)),
              silence.missed,
              falseAlarms,
            ],
          ],
    ),
  }
}

export function writeTable(living: Living): Table {
  return {
    title: `Writes to the API server: ${living.members} members over ${living.scheme}`,
    columns: ['request', 'a minute'],
    rows: requestsEach(living.writes, living.ms / 60_000).map(({ request, each }) => [request, each.toFixed(1)]),
  }
}

export function beatsOf({ answers }: Living): number {
  return sum(Object.values(answers))
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
