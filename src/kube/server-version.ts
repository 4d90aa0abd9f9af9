/** The version of the API server, as people know it. */
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { KubeTransport } from './transport.ts'

/** An API server is upgraded under those who talk to it. Milliseconds. */
export const askAgainAfter = 3_600_000

/** Like `v1.36.3`; every authenticated user may ask. Throws `KubeApiError`. */
export async function serverVersion(transport: Pick<KubeTransport, 'request'>): Promise<string> {
  const subject = { verb: 'get', resource: 'version' }
  const answer = (await transport.request({ subject, method: 'GET', path: '/version' })) as { gitVersion?: string }
  return answer.gitVersion ?? 'unknown'
}

/**
 * The version, which is asked for again each hour until aborted, and stays where there is no answer. Throws `KubeApiError`
 * where there is none in the beginning.
 */
export async function followServerVersion(
  transport: Pick<KubeTransport, 'request'>,
  { clock, log, signal }: { readonly clock: Pick<Clock, 'sleep'>; readonly log: Logger; readonly signal: AbortSignal },
): Promise<() => string> {
  let current = await serverVersion(transport)

  async function askAgain(): Promise<never> {
    for (;;) {
      await clock.sleep(askAgainAfter, signal)
      try {
        current = await serverVersion(transport)
      } catch (err) {
        log.debug({ err }, 'the version of the API server is not known anew')
      }
    }
  }

  // It ends only with the process, when the wait is aborted.
  askAgain().catch(() => undefined)
  return () => current
}
