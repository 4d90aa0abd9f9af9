/**
 * For how long the API server has not answered this process. It asks nothing itself: it listens to what a candidate for a
 * lease asks, which is every two seconds, whoever leads.
 */
import type { Clock } from '../lib/clock.ts'
import { KubeApiError } from './errors.ts'
import type { LeaderDeps } from './leader.ts'

type LeaseClient = LeaderDeps['client']

export interface Reach {
  /** The same client, listened to. */
  readonly client: LeaseClient
  /** Milliseconds since the last answer, or since this was made. */
  readonly silence: () => number
}

export function followReach(client: LeaseClient, clock: Pick<Clock, 'monotonic'>): Reach {
  let answeredAt = clock.monotonic()

  async function heard<T>(request: Promise<T>): Promise<T> {
    try {
      const answer = await request
      answeredAt = clock.monotonic()
      return answer
    } catch (error) {
      if (error instanceof KubeApiError && isAnswer(error)) answeredAt = clock.monotonic()
      throw error
    }
  }

  return {
    client: {
      get: async (...args) => heard(client.get(...args)),
      apply: async (...args) => heard(client.apply(...args)),
      replace: async (...args) => heard(client.replace(...args)),
    },
    silence: () => clock.monotonic() - answeredAt,
  }
}

/** A refusal is one, also for asking too often. A server without its database, and a proxy without a server, say 5xx. */
function isAnswer({ status }: KubeApiError): boolean {
  return status > 0 && status < 500
}
