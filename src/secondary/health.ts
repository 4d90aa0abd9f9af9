/**
 * What this cluster says of its own health: one word, which the primary shows. It knows of one fault, which a
 * member cannot tell at home: its own API server does not let it read or write what it has to.
 */
import { isConflict, KubeApiError } from '../kube/errors.ts'
import type { Clock } from '../lib/clock.ts'

export interface OwnHealth {
  /** `ok`, or what has been wrong for a while, in the form of free text on the wire. */
  word(): string
  /** Runs one pass over the objects, and remembers whether it could be carried out. */
  watch<T>(pass: () => Promise<T>): Promise<T>
}

/**
 * A fault that the next tries settle is no fault: their waits are shorter than this. Only a try that fails tells that the
 * fault goes on; one that is still under way may be waiting for the primary. Milliseconds.
 */
export const toleratedFault = 15_000

export function createOwnHealth(clock: Pick<Clock, 'monotonic'>): OwnHealth {
  /** Of all passes since the last one that succeeded. */
  let fault: { readonly word: string; readonly since: number; readonly last: number } | undefined
  return {
    word: () => (fault === undefined || fault.last - fault.since < toleratedFault ? 'ok' : fault.word),
    async watch(pass) {
      try {
        const outcome = await pass()
        fault = undefined
        return outcome
      } catch (error) {
        // Two writers have met: the next pass settles it.
        if (error instanceof KubeApiError && !isConflict(error)) {
          const now = clock.monotonic()
          fault = { word: wordFor(error), since: fault?.since ?? now, last: now }
        }
        throw error
      }
    },
  }
}

const reading: ReadonlySet<string> = new Set(['get', 'list', 'watch'])

function wordFor({ verb }: KubeApiError): string {
  return reading.has(verb) ? 'api-read-failed' : 'api-write-failed'
}
