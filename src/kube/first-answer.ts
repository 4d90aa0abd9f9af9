/**
 * The first request of a process, to an API server that may be away: the process waits for it. One that ended instead would
 * be started again later and later, and still be waiting when the server has long been back.
 */
import { exponentialBackoff } from '../lib/backoff.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { KubeApiError } from './errors.ts'
import { untilAborted } from './until-aborted.ts'

/** Nobody else may tell when the server is back. Milliseconds. */
const retry = { base: 500, cap: 5_000 }
const tooManyRequests = 429

/**
 * What `ask` gives, as soon as the server answers. Throws the `KubeApiError` of a refusal, which waiting would not mend, and
 * rejects with the signal's reason when that is aborted.
 */
export async function firstAnswer<T>(
  ask: () => Promise<T>,
  { clock, log, signal }: { readonly clock: Clock; readonly log: Logger; readonly signal: AbortSignal },
): Promise<T> {
  for (let failures = 0; ; failures += 1)
    try {
      return await untilAborted(ask(), signal)
    } catch (err) {
      if (!(err instanceof KubeApiError) || !isAway(err)) throw err
      if (failures === 0) log.warn({ err }, 'waiting for the API server')
      else log.debug({ err }, 'waiting for the API server')
      await clock.sleep(Math.max(err.retryAfterMs ?? 0, exponentialBackoff(failures, retry)), signal)
    }
}

/** No answer, or one that says: later. */
function isAway({ status }: KubeApiError): boolean {
  return status === 0 || status === tooManyRequests || status >= 500
}
