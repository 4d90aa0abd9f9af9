/**
 * What a refusal says of the membership beside it: that it goes on, for as long as the primary has said nothing else. Pure.
 */
import type { StoredMembership } from '../../api/membership.ts'
import type { ErrorCode } from '../../protocol/errors.ts'
import type { Word } from '../membership/heartbeat.decide.ts'
import type { Statement, StoredStatus } from './status.ts'

/** Refusals by which a primary says of its own member that it is none, or none by this key. */
const ofMembership: ReadonlySet<string> = new Set<ErrorCode>([
  'KeyMismatch',
  'CloneSuspected',
  'Denied',
  'Disconnected',
])
const claim = / \(the membership of \S+ as \S+ goes on\)$/

/** The membership that goes on, where there is one; none by the word of its primary that it is forgotten, or another's. */
export function ongoing(member: StoredMembership | undefined, word: Word): StoredMembership | undefined {
  return word.kind === 'none' || word.kind === 'ok' ? member : undefined
}

/** The same after a refusal with this code, which the primary of this uid has signed. */
export function ongoingBeside(
  member: StoredMembership | undefined,
  word: Word,
  { code, primaryUid }: { readonly code: string; readonly primaryUid: string },
): StoredMembership | undefined {
  const isAboutIt = member?.primaryUid === primaryUid && ofMembership.has(code)
  return isAboutIt ? undefined : ongoing(member, word)
}

/** A refusal of this content; `member` is the membership that goes on beside it. */
export function rejected(hash: string, msg: string, member: StoredMembership | undefined): Statement {
  const goesOn =
    member === undefined ? '' : ` (the membership of ${member.primaryName} as ${member.clusterName} goes on)`
  return { status: 'Rejected', msg: msg + goesOn, hash }
}

/** The refusal that stands, without the membership that goes on no more; undefined where it says nothing of the kind. */
export function corrected(
  status: StoredStatus | undefined,
  member: StoredMembership | undefined,
  word: Word,
): Statement | undefined {
  if (status?.status !== 'Rejected' || !claim.test(status.msg) || ongoing(member, word) !== undefined) return undefined
  return rejected(status.hash, status.msg.replace(claim, ''), undefined)
}
