/**
 * Whether a joining cluster is refused, admitted anew, or recognised as a member. A pure function of what was looked up;
 * both proofs have been verified before. Names, ids and keys are compared whole, with `===`.
 */
import { createHash } from 'node:crypto'
import type { Cluster } from '../../api/cluster.ts'
import { annotations } from '../../api/group.ts'
import type { JoinTokenSettings } from '../../api/join-token-settings.ts'
import type { ErrorCode } from '../../protocol/errors.ts'
import { clockTolerance, joinNonceLifetime } from '../../protocol/nonce.ts'
import { type Standing, standingOf } from '../cluster/standing.ts'
import { mayRebind, rebindCommand, type Vouching } from './rebind.decide.ts'

/** The cluster that asks, as its verified request says. */
export interface Applicant {
  readonly uid: string
  /** RFC 7638 thumbprint of its key. */
  readonly keyId: string
  /** The name it asks for. */
  readonly name: string | undefined
  /** When its challenge was made, ms since the epoch by the primary's clock. */
  readonly askedAt: number
}

/** What the primary knows that bears on an applicant. */
export interface Situation {
  readonly applicant: Applicant
  readonly primaryUid: string
  /** The Cluster registered with the applicant's uid, the oldest where a race made two. */
  readonly byUid: Cluster | undefined
  /** The Cluster registered with the applicant's key. */
  readonly byKey: Cluster | undefined
  /** The Cluster that has the name asked for. */
  readonly byName: Cluster | undefined
  /** When a Cluster of this uid and key was disconnected, ms since the epoch. */
  readonly disconnectedAt: number | undefined
  /** The names that would be made for an applicant without one, best first, and who has them. */
  readonly generatedNames: readonly { readonly name: string; readonly taken: boolean }[]
  /** What the token says for a cluster that comes with a new key; undefined where it says nothing. */
  readonly vouching: Vouching | undefined
  /** It asks as the member that it was, and not with a join token. */
  readonly isReturn: boolean
}

export type Admission =
  | { readonly kind: 'create'; readonly name: string }
  /** The name was registered ahead by a Bootstrap and nobody has joined under it. */
  | {
      readonly kind: 'bind'
      readonly cluster: Cluster
      /** Whether an approval that was given ahead is for the applicant too. */
      readonly takesApproval: boolean
    }
  | { readonly kind: 'recognise'; readonly cluster: Cluster }
  /** The member comes with a new key, which somebody who may decide it has allowed. */
  | { readonly kind: 'rebind'; readonly cluster: Cluster }
  | {
      readonly kind: 'refuse'
      readonly code: ErrorCode
      readonly what: string
      readonly remedy?: string
      /** The Cluster of another that the refusal tells of. */
      readonly tellsOf?: Cluster
    }
  | { readonly kind: 'wait'; readonly what: string }

/** An admission that lets the applicant in. */
export type Granted = Extract<Admission, { kind: 'create' | 'bind' | 'recognise' | 'rebind' }>

type Rule = (situation: Situation) => Admission | undefined

/** First match wins. */
const rules: readonly Rule[] = [
  joinsItself, // a cluster cannot be its own secondary
  isBeingDisconnected, // a deletion in progress must win over a retry
  wasDisconnected, // a request that is older than the disconnection must not undo it, nor a membership that it ended
  isMember, // the lost answer of an earlier join: the same success again
  keyBelongsToAnother, // the same key from two clusters means a copied Secret
  keyIsReplaced, // a known cluster with a new key, and somebody has allowed that very key
  keyIsAnother, // without that: its uid is no secret, so anybody could say it
  nameIsTaken, // creating the Cluster decides races; this gives the readable answer
]

/** Judges an applicant; the order of the rules is the order of the decision table in the protocol. */
export function decideAdmission(situation: Situation): Admission {
  for (const rule of rules) {
    const admission = rule(situation)
    if (admission !== undefined) return admission
  }
  return admit(situation)
}

function joinsItself({ applicant, primaryUid }: Situation): Admission | undefined {
  return applicant.uid === primaryUid ? refuse('SelfJoin', 'this cluster is the primary itself') : undefined
}

function isBeingDisconnected({ applicant, byUid, byKey, byName }: Situation): Admission | undefined {
  const leaving = [byUid, byKey, byName].find((cluster) => cluster?.metadata.deletionTimestamp !== undefined)
  if (leaving === undefined) return undefined
  const since = Date.parse(leaving.metadata.deletionTimestamp ?? '')
  const isOwn = leaving === byUid && leaving.spec.member?.keyId === applicant.keyId
  if (isOwn && applicant.askedAt < since) return disconnected(since)
  return { kind: 'wait', what: 'a Cluster of this name, uid or key is being deleted' }
}

function wasDisconnected({ applicant, byUid, disconnectedAt, isReturn }: Situation): Admission | undefined {
  if (byUid !== undefined || disconnectedAt === undefined) return undefined
  // Only a join token is a word of the primary that is younger than the disconnection.
  if (isReturn) return disconnected(disconnectedAt)
  return undoes(disconnectedAt, applicant.askedAt) ? disconnected(disconnectedAt) : undefined
}

/** Whether a disconnection came after what was asked for then; both are ms since the epoch. */
export function undoes(disconnectedAt: number, askedAt: number): boolean {
  // No request lives so long. The primary's clock was put back since, and would keep this cluster out until then.
  return disconnectedAt >= askedAt && disconnectedAt <= askedAt + joinNonceLifetime + clockTolerance
}

function isMember({ applicant, byUid }: Situation): Admission | undefined {
  return byUid?.spec.member?.keyId === applicant.keyId ? { kind: 'recognise', cluster: byUid } : undefined
}

function keyBelongsToAnother({ applicant, byKey }: Situation): Admission | undefined {
  return byKey === undefined || byKey.spec.member?.uid === applicant.uid
    ? undefined
    : refuse('CloneSuspected', 'the identity key of this cluster belongs to another one', undefined, byKey)
}

function keyIsReplaced({ applicant, byUid, vouching }: Situation): Admission | undefined {
  if (byUid === undefined || !mayRebind(byUid, applicant, vouching)) return undefined
  return { kind: 'rebind', cluster: byUid }
}

function keyIsAnother({ applicant, byUid }: Situation): Admission | undefined {
  if (byUid === undefined) return undefined
  return refuse(
    'KeyMismatch',
    `this cluster is registered as ${byUid.metadata.name} with another key`,
    `if it has lost its key, have the primary's administrator allow this one, and then set a new value in the annotation ${annotations.retry} of mc-join: ${rebindCommand(byUid, applicant.keyId)}`,
    byUid,
  )
}

function nameIsTaken({ applicant, byName }: Situation): Admission | undefined {
  if (byName === undefined || isUnclaimed(byName)) return undefined
  return refuse(
    'NameTaken',
    `the name ${byName.metadata.name} belongs to another cluster`,
    `set another cluster-name in the ConfigMap mc-join-config, for example ${suggestName(byName.metadata.name, applicant.uid)}`,
    byName,
  )
}

function admit({ applicant, byName, generatedNames, isReturn }: Situation): Admission {
  // Who was a member of this name may have been removed on purpose. What is said ahead is said of who is given a join token.
  if (byName !== undefined) return { kind: 'bind', cluster: byName, takesApproval: !isReturn }
  const name = applicant.name ?? generatedNames.find((candidate) => !candidate.taken)?.name
  return name === undefined ? { kind: 'wait', what: 'no free name could be made' } : { kind: 'create', name }
}

/**
 * Whether an administrator is asked before what is granted becomes a membership. A Cluster that waits goes on waiting
 * whatever token it is asked for with later, and what was admitted once is not asked for again.
 */
export function standingAfter(granted: Granted, { approval }: Pick<JoinTokenSettings, 'approval'>): Standing {
  const asked = approval === 'manual' ? { approval } : {}
  switch (granted.kind) {
    case 'create':
      return standingOf({ spec: asked })
    case 'bind': {
      // Whoever registered it ahead may have approved or denied it ahead too.
      const { cluster, takesApproval } = granted
      const standing = standingOf({ spec: { ...cluster.spec, ...asked }, status: cluster.status })
      return standing === 'admitted' && !takesApproval ? 'waiting' : standing
    }
    case 'recognise':
    case 'rebind':
      return standingOf(granted.cluster)
  }
}

/** Registered ahead of its join: a secondary without a member. */
function isUnclaimed(cluster: Cluster): boolean {
  return !cluster.spec.primary && cluster.spec.member === undefined
}

/** A name that is free with near certainty; it is not looked up, so that asking does not enumerate names. */
export function suggestName(asked: string, uid: string): string {
  const suffix = createHash('sha256').update(uid).digest('hex').slice(0, 4)
  return `${asked.slice(0, 58).replace(/[.-]+$/, '')}-${suffix}`
}

function disconnected(at: number): Admission {
  return refuse('Disconnected', `disconnected by the primary at ${new Date(at).toISOString()}`)
}

function refuse(code: ErrorCode, what: string, remedy?: string, tellsOf?: Cluster): Admission {
  return {
    kind: 'refuse',
    code,
    what,
    ...(remedy === undefined ? {} : { remedy }),
    ...(tellsOf === undefined ? {} : { tellsOf }),
  }
}
