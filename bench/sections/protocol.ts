/**
 * How fast the steps of the protocol are on one core, in a process of its own, each beside the bare calls of jose,
 * tweetnacl and node:crypto that it cannot do without. What is left between the two is ours: JSON, schemas, checks.
 */
import type { Figure, Section, Table } from '../figures.ts'
import type { ProtocolLoad } from '../load/protocol.ts'
import { startLoad } from '../load/work.ts'
import type { Turns } from '../measure/in-turn.ts'
import { sum } from '../measure/statistics.ts'
import type { BareCall } from '../protocol/bare.ts'

/** Milliseconds. */
const batchMs = 20
const microsPerSecond = 1_000_000

type ProtocolOutcome = ProtocolLoad['outcome']
type Needs = ProtocolOutcome['steps'][number]['needs']

export const protocol: Section = {
  name: 'protocol',
  question: 'How many of each step of the protocol does one core do a second, beside the bare calls under it?',
  async run({ pace: { rounds }, say }) {
    const turns: Turns = { rounds, batchMs }
    const load = await startLoad<ProtocolLoad>('protocol.ts', turns)
    try {
      say(`${turns.rounds} rounds over all steps and calls`)
      const outcome = await load.begin()
      return { figures: figuresOf(outcome), tables: [stepTable(outcome), bareTable(outcome)], curves: [] }
    } finally {
      load.end()
    }
  },
}

function figuresOf({ steps, bare }: ProtocolOutcome): readonly Figure[] {
  return steps.map(({ name, needs, micros }) => ({
    id: `protocol/${name}`,
    what: name,
    value: microsPerSecond / micros,
    unit: 'a second',
    against: { what: callsText(needs), value: microsPerSecond / bareMicros(needs, bare) },
  }))
}

function bareMicros(needs: Needs, bare: ProtocolOutcome['bare']): number {
  const micros = new Map(bare.map((call) => [call.name, call.micros]))
  return sum(callsOf(needs).map(([call, count]) => (micros.get(call) ?? Number.NaN) * count))
}

/** `2 × jose sign + node HMAC` */
function callsText(needs: Needs): string {
  return callsOf(needs)
    .map(([call, count]) => (count === 1 ? call : `${count} × ${call}`))
    .join(' + ')
}

function callsOf(needs: Needs): readonly (readonly [BareCall, number])[] {
  return Object.entries(needs) as [BareCall, number][]
}

function stepTable({ steps, bare }: ProtocolOutcome): Table {
  const rows = steps.map(({ name, needs, micros }) => {
    const calls = bareMicros(needs, bare)
    return [name, micros, calls, micros - calls]
  })
  return { title: 'CPU time of each step, microseconds', columns: ['step', 'all', 'bare calls', 'the rest'], rows }
}

function bareTable({ bare }: ProtocolOutcome): Table {
  const rows = bare.map(({ name, micros }) => [name, micros, microsPerSecond / micros])
  return { title: 'The bare calls', columns: ['call', 'microseconds', 'a second'], rows }
}
