/**
 * What is left to do for a cluster whose user wants it to leave its primary, and the words for it. Pure; how the primary
 * is told is not decided here.
 */
import { annotations } from '../../api/group.ts'
import type { StoredMembership } from '../../api/membership.ts'
import { explain, type ProtocolError } from '../../protocol/errors.ts'
import { codeOf, type Statement, type StoredStatus } from './status.ts'

export interface LeavingObservation {
  readonly hash: string
  /** Whether there is an `mc-join`. */
  readonly isAsked: boolean
  readonly status: StoredStatus | undefined
  readonly member: StoredMembership | undefined
}

export interface LeavingDecision {
  readonly kind: 'leave'
  /** The primary has not been told, or not for certain. */
  readonly tells: boolean
  /** The status does not say it yet. */
  readonly says: boolean
}

export function decideLeaving({ hash, isAsked, status, member }: LeavingObservation): LeavingDecision {
  // Recorded after the primary was told, or could not be: what is left after a crash is to clean up.
  const isSaid = status?.status === 'Rejected' && status.hash === hash && codeOf(status.msg) === 'Left'
  // What was given since the cluster joined deserves its own try, and is no part of what the user has left.
  const isUntried = isAsked && status !== undefined && status.hash !== hash
  return { kind: 'leave', tells: member !== undefined && !isSaid, says: !isSaid && !isUntried }
}

/** `failure`: why the primary could not be told. */
export function leftStatement(
  { hash, isAsked, member }: Pick<LeavingObservation, 'hash' | 'isAsked' | 'member'>,
  failure: ProtocolError | undefined,
): Statement {
  const left =
    member === undefined ? 'this cluster left the primary' : `${member.clusterName} left ${member.primaryName}`
  const untold = member === undefined ? 'its own membership had been lost' : failure?.message
  const again = isAsked
    ? `to join again, put another join token into mc-join, or a new value into its annotation ${annotations.retry}`
    : 'to join again, create mc-join with a valid join token'
  const msg =
    untold === undefined
      ? explain('Left', left, again)
      : explain('Left', `${left}, and the primary was not told: ${untold}`, `delete its Cluster there; ${again}`)
  return { status: 'Rejected', msg, hash }
}
