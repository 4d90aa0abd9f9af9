/**
 * Whom this replica has named to an administrator. A join that was cut short is named by the one that repeats it, so each
 * repeat asks; only the first is told. What other replicas have named, and this one before it was started, it does not know.
 */
import type { Cluster } from '../../api/cluster.ts'
import { tokenIdOf, type Warrant } from './warrant.ts'

export interface NamedOnce {
  /** Whether nobody has asked for this yet; whoever is told so names it. */
  isFirst(asks: 'member' | 'waiting', warrant: Warrant, cluster: Cluster): boolean
}

/** More than ask again before a heartbeat confirms them; the one longest without a repeat would be named again. */
const remembered = 4096

export function createNamedOnce(): NamedOnce {
  const named = new Set<string>()
  return {
    isFirst(asks, warrant, { metadata, spec }) {
      const id = JSON.stringify([asks, tokenIdOf(warrant), metadata.uid, spec.member?.keyId])
      const isFirst = !named.delete(id)
      named.add(id)
      for (const oldest of named) {
        if (named.size <= remembered) break
        named.delete(oldest)
      }
      return isFirst
    },
  }
}
