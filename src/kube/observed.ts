/** Counts what caches ask of the API server and who holds the lease. It changes nothing of what it is wrapped around. */
import type { InformerMetrics, LeaderMetrics } from '../lib/metrics.ts'
import type { KubeClient } from './client.ts'

/** A client for informers. */
export function countFollowing(client: KubeClient, metrics: InformerMetrics): KubeClient {
  return {
    ...client,
    async list(kind, options) {
      metrics.listed(kind.plural)
      return client.list(kind, options)
    },
    async watch(kind, options) {
      metrics.watched(kind.plural)
      return client.watch(kind, options)
    },
  }
}

/** The work of a leader, for `runAsLeader`. */
export function tellLeading(work: (signal: AbortSignal) => Promise<void>, metrics: LeaderMetrics) {
  return async (signal: AbortSignal): Promise<void> => {
    metrics.leads(true)
    try {
      await work(signal)
    } finally {
      metrics.leads(false)
    }
  }
}
