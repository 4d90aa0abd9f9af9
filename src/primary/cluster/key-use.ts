/**
 * Which of its keys a member has been heard with, read from the Cluster alone. While nobody has used a new key, the answer
 * that told of it may have been lost, and the member goes on with the one before. It changes nothing.
 */
import type { Cluster } from '../../api/cluster.ts'
import { isConfirmed } from './standing.ts'

type Keyed = Pick<Cluster, 'spec' | 'status'>

/** Whether a heartbeat with the present key has been stored. A status that names no key is of a version that had only one. */
export function isPresentKeyUsed({ spec, status }: Keyed): boolean {
  const { member } = spec
  if (member === undefined || !isConfirmed({ spec, status })) return false
  return (status?.keyId ?? member.keyId) === member.keyId
}

/**
 * Whether this key is the one before the present one, and still good: it is what the member was last heard with. Where the
 * status has been lost nobody can tell, and it is not.
 */
export function isPreviousKeyGood({ spec: { member }, status }: Keyed, keyId: string): boolean {
  return member?.previousKeyId === keyId && status?.keyId === keyId
}

/** Thumbprints of the keys by which the member of this Cluster is answered. */
export function goodKeys(cluster: Keyed): readonly string[] {
  const { keyId, previousKeyId } = cluster.spec.member ?? {}
  const previous = previousKeyId !== undefined && isPreviousKeyGood(cluster, previousKeyId) ? [previousKeyId] : []
  return keyId === undefined ? [] : [keyId, ...previous]
}
