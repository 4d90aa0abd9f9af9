/**
 * Who a member's request comes from, judged by the Cluster it names: a pure function. The order is that of the protocol: what
 * accepts first, what disconnects for certain next, and silence towards a stranger.
 */
import type { Cluster } from '../../api/cluster.ts'
import { isPresentKeyUsed, isPreviousKeyGood } from '../cluster/key-use.ts'
import { standingOf } from '../cluster/standing.ts'
import type { Tombstone } from '../cluster/tombstone.ts'
import type { Claim } from './claim.ts'

export interface MembershipObservation {
  readonly claim: Claim
  /** The Cluster that the token names. */
  readonly cluster: Cluster | undefined
  readonly tombstone: Tombstone | undefined
}

export type MembershipVerdict =
  | { readonly kind: 'member'; readonly cluster: Cluster }
  | { readonly kind: 'disconnected'; readonly tombstone: Tombstone }
  /** Its deletion is being carried out: soon it is disconnected. */
  | { readonly kind: 'leaving'; readonly cluster: Cluster }
  | { readonly kind: 'unknown' }
  /** `isReplaced`: the key was this member's, and the one that has replaced it is in use. */
  | { readonly kind: 'other-key'; readonly cluster: Cluster; readonly isReplaced: boolean }
  /** No member and never one: it gets no signed answer. */
  | { readonly kind: 'stranger' }

/** The cheap yes: everything else rests on objects that the API server has just shown. */
export function isMember(claim: Claim, cluster: Cluster): boolean {
  return cluster.metadata.deletionTimestamp === undefined && standingOf(cluster) === 'admitted' && isOf(claim, cluster)
}

function isOf(claim: Claim, cluster: Cluster): boolean {
  const { member } = cluster.spec
  if (member?.uid !== claim.uid) return false
  // The answer that told of the new key may have been lost.
  return member.keyId === claim.keyId || isPreviousKeyGood(cluster, claim.keyId)
}

export function decideMembership({ claim, cluster, tombstone }: MembershipObservation): MembershipVerdict {
  if (cluster !== undefined && isMember(claim, cluster)) return { kind: 'member', cluster }
  if (cluster !== undefined && isOf(claim, cluster))
    // One that waits for approval or was denied it is no member: it joins again, and is told so there.
    return cluster.metadata.deletionTimestamp === undefined ? { kind: 'unknown' } : { kind: 'leaving', cluster }
  const member = cluster?.spec.member
  const isOwn = member?.uid === claim.uid
  if (tombstone !== undefined && !isOwn) return { kind: 'disconnected', tombstone }
  const wasAdmitted = claim.tokenKeyId === claim.keyId
  if (cluster !== undefined && isOwn) {
    const isReplaced = member.previousKeyId === claim.keyId
    if (!wasAdmitted && !isReplaced) return { kind: 'stranger' }
    return { kind: 'other-key', cluster, isReplaced: isReplaced && isPresentKeyUsed(cluster) }
  }
  return { kind: wasAdmitted ? 'unknown' : 'stranger' }
}
