/**
 * How many Clusters may wait for approval with one token: whoever holds such a token makes work for an administrator, and
 * nobody looks through thousands. Each replica counts for itself; it stores nothing.
 */
import type { Cluster } from '../../api/cluster.ts'
import type { Informer } from '../../kube/informer.ts'
import type { Clock } from '../../lib/clock.ts'
import { standingOf } from '../cluster/standing.ts'

export interface WaitingPlaces {
  /** Before a Cluster that waits is written; false where the token has no place left. */
  take(tokenId: string, clusterName: string): boolean
}

/** With one token. */
export const maxWaiting = 100
/** A place that was taken counts for so long without a Cluster in the cache, milliseconds; its write may have failed. */
const heldFor = 60_000

export function createWaitingPlaces(deps: {
  /** With an index `token` of the ids of tokens. */
  clusters: Pick<Informer<Cluster>, 'by'>
  clock: Clock
}): WaitingPlaces {
  const { clusters, clock } = deps
  /** By the name of the Cluster. */
  const held = new Map<string, { readonly tokenId: string; readonly since: number }>()
  return {
    take(tokenId, clusterName) {
      const now = clock.monotonic()
      for (const [name, { since }] of held) if (now - since >= heldFor) held.delete(name)
      const cached = clusters.by('token', tokenId)
      for (const { metadata } of cached) held.delete(metadata.name)
      const waiting = cached.filter((cluster) => standingOf(cluster) === 'waiting')
      const soon = [...held].filter(([name, place]) => place.tokenId === tokenId && name !== clusterName)
      if (waiting.length + soon.length >= maxWaiting) return false
      held.set(clusterName, { tokenId, since: now })
      return true
    },
  }
}
