/** A terminal on which commands run in this process, with clusters in memory. It keeps what they print and say. */
import { runCommand } from '../../../src/cli/cli.ts'
import type { Connection, Surroundings } from '../../../src/cli/surroundings.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { createMemoryApi, type MemoryApi } from '../primary/memory-api.fixture.ts'

/** 2030-01-01, which no token of a test has reached unless it says so. */
export const now = Date.UTC(2030, 0, 1)

export interface Terminal {
  readonly api: MemoryApi
  /** Runs `kubectl conjoin` with these arguments. */
  run(...args: readonly string[]): Promise<{ exitCode: number; printed: string; said: string }>
  readonly interrupt: () => void
}

/** `others`: what there is in other contexts than the usual one, by their names. */
export function createTerminal(
  options: { hasColor?: boolean; others?: Readonly<Record<string, MemoryApi>> } = {},
): Terminal {
  const api = createMemoryApi()
  const stop = new AbortController()
  return {
    api,
    interrupt: () => stop.abort(new Error('interrupted')),
    async run(...args) {
      const printed: string[] = []
      const said: string[] = []
      const connectionTo = (cluster: MemoryApi): Connection => ({
        client: cluster.client,
        serverVersion: async () => 'v1.36.3',
        close: async () => {},
      })
      const surroundings: Surroundings = {
        print: (text) => printed.push(text),
        say: (text) => said.push(`${text}\n`),
        hasColor: options.hasColor ?? false,
        clock: { ...systemClock, now: () => now },
        signal: stop.signal,
        version: '1.2.3',
        connect: async ({ context }) => {
          if (context === 'nowhere') throw new Error('the kubeconfig has no context nowhere')
          return connectionTo(options.others?.[context ?? ''] ?? api)
        },
      }
      const exitCode = await runCommand(args, surroundings)
      return { exitCode, printed: printed.join(''), said: said.join('') }
    },
  }
}
