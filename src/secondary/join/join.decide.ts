/**
 * What a secondary does next, given all that it sees. Pure; the hash of the content gates joining only, so the word of
 * the primary to its member and a membership that is lost are looked at first.
 */
import type { StoredMembership } from '../../api/membership.ts'
import { formatTimestamp } from '../../api/timestamp.ts'
import { explain, meaningOf, type ProtocolError } from '../../protocol/errors.ts'
import type { Word } from '../membership/heartbeat.decide.ts'
import type { Attempts } from './attempts.ts'
import { decideLeaving, type LeavingDecision } from './leaving.decide.ts'
import type { JoinPlan, Judgement } from './plan.ts'
import { codeOf, messages, type Statement, type StoredStatus } from './status.ts'

export interface JoinObservation {
  /** The monotonic clock, milliseconds. */
  readonly monotonic: number
  readonly namespace: string
  /** Names what the user gives, also where that is nothing. */
  readonly hash: string
  /** Undefined: there is no `mc-join`. `waits-for-config`: the second dialect's ConfigMap is not there yet. */
  readonly asked: Judgement | 'waits-for-config' | undefined
  readonly status: StoredStatus | undefined
  readonly member: StoredMembership | undefined
  /** The user wants this cluster to leave its primary. */
  readonly isLeaving: boolean
  /** What the primary last told the member. */
  readonly word: Word
  readonly attempts: Attempts
}

export type JoinDecision =
  | { readonly kind: 'rest' }
  /** Nobody asks for this join any more: its status goes. */
  | { readonly kind: 'forget' }
  | { readonly kind: 'say'; readonly statement: Statement }
  | { readonly kind: 'wait'; readonly afterMs: number }
  /** Ask the primary, under this name; `first` is said before, where the status is about something else. */
  | {
      readonly kind: 'ask'
      readonly plan: JoinPlan
      readonly name: string | undefined
      readonly first: Statement | undefined
    }
  /** Admitted: beat until the primary has answered. */
  | { readonly kind: 'confirm' }
  /** The primary has disconnected this cluster; `statement` is undefined where other content waits to be tried. */
  | { readonly kind: 'clean-up'; readonly at: number; readonly statement: Statement | undefined }
  | LeavingDecision

/** Found at home: judged again whenever the process starts, because a newer version may judge otherwise. */
const judgedAgain: ReadonlySet<string> = new Set([
  'TokenMalformed',
  'TokenChecksum',
  'EndpointInvalid',
  'NameInvalid',
  'SelfJoin',
])

const rest: JoinDecision = { kind: 'rest' }

export function decideJoin(seen: JoinObservation): JoinDecision {
  const { hash, asked, status, word, member } = seen
  if (seen.isLeaving) return decideLeaving({ hash, isAsked: asked !== undefined, status, member })
  if (member !== undefined && word.kind === 'disconnected') {
    // The word is about the content that led to the membership: what was given since deserves its own try.
    const isUntried = asked !== undefined && status?.hash !== hash
    const statement: Statement = { status: 'Rejected', msg: disconnectedBy(member, word.at), hash }
    return { kind: 'clean-up', at: word.at, statement: isUntried ? undefined : statement }
  }
  if (asked === undefined) return decideWithoutMcJoin(seen)
  if (asked === 'waits-for-config')
    return { kind: 'say', statement: { status: 'Joining', msg: messages.waitsForConfig(seen.namespace), hash } }
  if (!asked.ok) return { kind: 'say', statement: found(seen, asked.error) }
  return decideJoining(seen, asked.plan)
}

function decideWithoutMcJoin({ hash, status, member, word }: JoinObservation): JoinDecision {
  if (member !== undefined && word.kind === 'unknown')
    return { kind: 'say', statement: { status: 'Joining', msg: explain('UnknownCluster'), hash } }
  if (status !== undefined && status.status !== 'Joining') return rest
  // The membership outlives mc-join, and its status may have been deleted, or told of a join that is dropped now.
  if (member !== undefined && word.kind === 'ok')
    return { kind: 'say', statement: { status: 'Joined', msg: messages.joined(member.clusterName, undefined), hash } }
  if (status === undefined || codeOf(status.msg) === 'UnknownCluster') return rest
  return { kind: 'forget' }
}

function decideJoining(seen: JoinObservation, plan: JoinPlan): JoinDecision {
  const { hash, status, member, word, attempts } = seen
  const isAbout = status?.hash === hash
  if (isAbout && status.status === 'Rejected' && (attempts.isRefused || !judgedAgain.has(codeOf(status.msg))))
    return rest
  if (isAbout && status.status === 'Joined' && member !== undefined) {
    if (word.kind === 'other-key') return { kind: 'say', statement: replaced(seen) }
    if (word.kind !== 'unknown') return rest
  }
  if (attempts.isAdmitted && member !== undefined && word.kind === 'ok')
    return { kind: 'say', statement: { status: 'Joined', msg: messages.joined(member.clusterName, plan.name), hash } }
  const wait = attempts.nextAt - seen.monotonic
  if (wait > 0) return { kind: 'wait', afterMs: wait }
  if (attempts.isAdmitted && member !== undefined && word.kind !== 'unknown') return { kind: 'confirm' }
  if (member !== undefined && word.kind === 'unknown' && member.primaryUid === plan.token.primaryUid) {
    const first: Statement = { status: 'Joining', msg: explain('UnknownCluster'), hash }
    // A primary that was restored from a backup has other names free by now, and the cluster keeps its own.
    return {
      kind: 'ask',
      plan,
      name: member.clusterName,
      first: isAbout && status.status === 'Joining' ? undefined : first,
    }
  }
  const first: Statement = { status: 'Joining', msg: messages.asking(plan.endpoints[0] ?? ''), hash }
  return { kind: 'ask', plan, name: plan.name, first: isAbout && status.status === 'Joining' ? undefined : first }
}

/** The statement for what has been found at home: final, or waiting for the user. */
function found(seen: JoinObservation, error: ProtocolError): Statement {
  return meaningOf(error.code).final
    ? rejected(seen.hash, error.explained(), seen.member)
    : { status: 'Joining', msg: error.explained(), hash: seen.hash }
}

/** The primary admits another key for this cluster. */
function replaced({ hash, member }: JoinObservation): Statement {
  return rejected(hash, explain('KeyMismatch'), member)
}

/** A refusal of this content; a membership that exists goes on, and the message says so. */
export function rejected(hash: string, msg: string, member: StoredMembership | undefined): Statement {
  const goesOn =
    member === undefined ? '' : ` (the membership of ${member.primaryName} as ${member.clusterName} goes on)`
  return { status: 'Rejected', msg: msg + goesOn, hash }
}

function disconnectedBy({ primaryName, clusterName }: StoredMembership, at: number): string {
  const what = `${clusterName} was disconnected from ${primaryName} by the primary at ${formatTimestamp(at)}`
  return explain('Disconnected', what)
}
