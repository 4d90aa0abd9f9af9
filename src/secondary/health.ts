/**
 * What this cluster says of its own health: one word, which the primary shows. It knows of one fault, which a
 * member cannot tell at home: its own API server does not let it read or write what it has to.
 */
import { isConflict, KubeApiError } from '../kube/errors.ts'

export interface OwnHealth {
  /** `ok`, or what is wrong, in the form of free text on the wire. */
  word(): string
  /** Runs one pass over the objects, and remembers whether it could be carried out. */
  watch<T>(pass: () => Promise<T>): Promise<T>
}

export function createOwnHealth(): OwnHealth {
  let word = 'ok'
  return {
    word: () => word,
    async watch(pass) {
      try {
        const outcome = await pass()
        word = 'ok'
        return outcome
      } catch (error) {
        // Two writers have met: the next pass settles it.
        if (error instanceof KubeApiError && !isConflict(error)) word = wordFor(error)
        throw error
      }
    },
  }
}

const reading: ReadonlySet<string> = new Set(['get', 'list', 'watch'])

function wordFor({ verb }: KubeApiError): string {
  return reading.has(verb) ? 'api-read-failed' : 'api-write-failed'
}
