/**
 * What a secondary does next, given all that it sees. Pure; the hash of the content gates joining only, so the word of
 * the primary to its member and a membership that is lost are looked at first.
 */
import { annotations } from '../../api/group.ts'
import type { StoredMembership } from '../../api/membership.ts'
import { formatTimestamp } from '../../api/timestamp.ts'
import { explain, meaningOf, type ProtocolError } from '../../protocol/errors.ts'
import type { Word } from '../membership/heartbeat.decide.ts'
import type { Attempts } from './attempts.ts'
import { decideLeaving, type LeavingDecision } from './leaving.decide.ts'
import type { JoinPlan, Judgement } from './plan.ts'
import { corrected, ongoing, rejected } from './refusal.ts'
import { isTokenSpent, type ReturnPlan, returnBeside } from './return-plan.ts'
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
  /** Whether another primary is still to be told that this cluster is a member elsewhere. */
  readonly hasFormer: boolean
  /** How that member comes back where its primary has forgotten it. */
  readonly back: ReturnPlan | undefined
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
      readonly plan: JoinPlan | ReturnPlan
      readonly name: string | undefined
      /** Asked by where the token of the plan is good no longer. */
      readonly otherwise?: ReturnPlan
      readonly first: Statement | undefined
    }
  /** Admitted: beat until the primary has answered. */
  | { readonly kind: 'confirm' }
  /** The primary has disconnected this cluster; `statement` is undefined where other content waits to be tried. */
  | { readonly kind: 'clean-up'; readonly at: number; readonly statement: Statement | undefined }
  /** The former primary is told. */
  | { readonly kind: 'part' }
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
  // Not before the present primary has confirmed: until then the former one may be needed again.
  if (seen.hasFormer && (member === undefined || status?.status === 'Joined')) return { kind: 'part' }
  const decision = decideAsked(seen)
  const correction = decision.kind === 'rest' ? corrected(status, member, word) : undefined
  return correction === undefined ? decision : { kind: 'say', statement: correction }
}

function decideAsked(seen: JoinObservation): JoinDecision {
  const { hash, asked } = seen
  if (asked === undefined) return decideWithoutMcJoin(seen)
  if (asked === 'waits-for-config')
    return { kind: 'say', statement: { status: 'Joining', msg: messages.waitsForConfig(seen.namespace), hash } }
  if (!asked.ok) return { kind: 'say', statement: found(seen, asked.error) }
  return decideJoining(seen, asked.plan)
}

function decideWithoutMcJoin(seen: JoinObservation): JoinDecision {
  const { hash, status, member, back, word, attempts } = seen
  const joined: Statement = { status: 'Joined', msg: messages.joined(member?.clusterName ?? '', undefined), hash }
  if (isJoining(seen) && attempts.isAdmitted && word.kind === 'ok') return { kind: 'say', statement: joined }
  if (isTakenBack(seen)) return { kind: 'say', statement: joined }
  if (member !== undefined && word.kind === 'other-key') return { kind: 'say', statement: replaced(seen, member) }
  if (back !== undefined && asksBack(seen)) return inTime(seen, askedBack(seen, back))
  // What it stood on has been deleted while nobody was there to write it back.
  if (status?.status === 'Joined' && member === undefined) return { kind: 'forget' }
  if (status !== undefined && status.status !== 'Joining') return rest
  // The membership outlives mc-join, and its status may have been deleted, or told of a join that is dropped now.
  if (member !== undefined && word.kind === 'ok') return { kind: 'say', statement: joined }
  const isOfReturn = member !== undefined && isJoining(seen)
  if (status === undefined || isOfReturn || codeOf(status.msg) === 'UnknownCluster') return rest
  return { kind: 'forget' }
}

/** Whether a member without `mc-join` shows its membership to a primary that has forgotten it. */
function asksBack(seen: JoinObservation): boolean {
  const { hash, status, word, attempts } = seen
  // Refused for good. An administrator may think better of it, and then heartbeats are answered.
  if (status?.status === 'Rejected' && status.hash === hash) return word.kind === 'ok'
  return word.kind === 'unknown' || waitsToReturn(seen) || (isJoining(seen) && attempts.isAdmitted)
}

function decideJoining(seen: JoinObservation, plan: JoinPlan): JoinDecision {
  const { hash, status, member, word, attempts } = seen
  const isAbout = status?.hash === hash
  // Only the primary that made the membership can be shown it.
  const back = member?.primaryUid === plan.token.primaryUid && seen.back ? returnBeside(plan, seen.back) : undefined
  if (isAbout && member !== undefined && isTakenBack(seen))
    return { kind: 'say', statement: { status: 'Joined', msg: messages.joined(member.clusterName, plan.name), hash } }
  if (isAbout && status.status === 'Rejected') {
    const code = codeOf(status.msg)
    if (back !== undefined && word.kind === 'unknown' && isTokenSpent(code)) return inTime(seen, askedBack(seen, back))
    if (attempts.isRefused || !judgedAgain.has(code)) return rest
  }
  if (isAbout && status.status === 'Joined' && member !== undefined) {
    if (word.kind === 'other-key') return { kind: 'say', statement: replaced(seen, member) }
    if (word.kind !== 'unknown') return rest
  }
  if (attempts.isAdmitted && member !== undefined && word.kind === 'ok')
    return { kind: 'say', statement: { status: 'Joined', msg: messages.joined(member.clusterName, plan.name), hash } }
  if (back !== undefined && waitsToReturn(seen)) return inTime(seen, askedBack(seen, back))
  if (back !== undefined && word.kind === 'unknown')
    // A primary that was restored from a backup has other names free by now, and the cluster keeps its own.
    return inTime(seen, { ...askedBack(seen, back), plan, otherwise: back })
  return inTime(seen, {
    kind: 'ask',
    plan,
    name: plan.name,
    first: firstWords(seen, messages.asking(endpointOf(plan))),
  })
}

/** What is asked for waits until the next try is due, and for the first heartbeat where it has been admitted already. */
function inTime({ monotonic, member, word, attempts }: JoinObservation, ask: JoinDecision): JoinDecision {
  const wait = attempts.nextAt - monotonic
  if (wait > 0) return { kind: 'wait', afterMs: wait }
  return attempts.isAdmitted && member !== undefined && word.kind !== 'unknown' ? { kind: 'confirm' } : ask
}

/** The primary has been shown the membership, and its administrator has the word. */
function waitsToReturn(seen: JoinObservation): boolean {
  return isJoining(seen) && codeOf(seen.status?.msg ?? '') === 'PendingApproval'
}

function askedBack(seen: JoinObservation, plan: ReturnPlan): JoinDecision & { kind: 'ask' } {
  const msg = seen.word.kind === 'unknown' ? explain('UnknownCluster') : messages.asking(endpointOf(plan))
  return { kind: 'ask', plan, name: plan.joined.membership.clusterName, first: firstWords(seen, msg) }
}

/** Said before the primary is asked, where the status is about something else. */
function firstWords(seen: JoinObservation, msg: string): Statement | undefined {
  return isJoining(seen) ? undefined : { status: 'Joining', msg, hash: seen.hash }
}

function endpointOf({ endpoints }: JoinPlan | ReturnPlan): string {
  return endpoints[0] ?? ''
}

function isJoining({ hash, status }: JoinObservation): boolean {
  return status?.hash === hash && status.status === 'Joining'
}

/** The statement for what has been found at home: final, or waiting for the user. */
function found(seen: JoinObservation, error: ProtocolError): Statement {
  return meaningOf(error.code).final
    ? rejected(seen.hash, error.explained(), ongoing(seen.member, seen.word))
    : { status: 'Joining', msg: error.explained(), hash: seen.hash }
}

/** The primary knows this cluster by a key that is none of ours. */
function replaced({ hash }: JoinObservation, { primaryName, clusterName }: StoredMembership): Statement {
  const what = `${primaryName} knows ${clusterName} by another key, which a copy of this cluster, or somebody with its key, has given it`
  const remedy = `if this is the cluster that is to stay, stop the copy and put a new value into the annotation ${annotations.retry} of mc-join: the answer has the command that lets this key in again`
  return { status: 'Rejected', msg: explain('KeyMismatch', what, remedy), hash }
}

/** Whether the primary, which was restored meanwhile or told so, takes our key again. */
function isTakenBack(seen: JoinObservation): boolean {
  const { status, member, word } = seen
  return word.kind === 'ok' && member !== undefined && status?.msg === replaced(seen, member).msg
}

function disconnectedBy({ primaryName, clusterName }: StoredMembership, at: number): string {
  const what = `${clusterName} was disconnected from ${primaryName} by the primary at ${formatTimestamp(at)}`
  return explain('Disconnected', what)
}
