/** The steps of the protocol and the bare calls below them, measured in a process that does nothing else. */
import { cpuMicrosInTurn, type Turns } from '../measure/in-turn.ts'
import { bareCalls, type Call } from '../protocol/bare.ts'
import { runExchange } from '../protocol/exchange.ts'
import { type Step, steps } from '../protocol/steps.ts'
import { serveLoad } from './work.ts'

export interface ProtocolLoad {
  readonly task: Turns
  /** Microseconds of CPU time of each. */
  readonly outcome: {
    readonly steps: readonly (Omit<Step, 'once'> & { readonly micros: number })[]
    readonly bare: readonly (Omit<Call, 'once'> & { readonly micros: number })[]
  }
}

await serveLoad<ProtocolLoad>(async (turns) => {
  const now = Date.now()
  const exchange = await runExchange(now)
  const measured = steps(exchange, now)
  const bare = await bareCalls(exchange.joiner.key, exchange.challenge.sent)
  return async () => {
    const micros = await cpuMicrosInTurn([...measured.map(({ once }) => once), ...bare.map(({ once }) => once)], turns)
    const microsOf = (index: number) => micros[index] ?? Number.NaN
    return {
      steps: measured.map(({ name, needs }, index) => ({ name, needs, micros: microsOf(index) })),
      bare: bare.map(({ name }, index) => ({ name, micros: microsOf(measured.length + index) })),
    }
  }
})
