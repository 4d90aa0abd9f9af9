/**
 * What a proven request to join leads to: it takes its place among those in work, is decided, and is answered. A refusal
 * for good is signed, an acceptance signed and sealed; that somebody has to wait is neither.
 */
import type { Cluster } from '../../api/cluster.ts'
import type { Logger } from '../../lib/logger.ts'
import { Redacted } from '../../lib/redacted.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { Issuer } from '../../protocol/issuer.ts'
import { type Echoes, type Membership, type Refusal, sealAcceptance, signRefusal } from '../../protocol/join-result.ts'
import { signMembershipToken } from '../../protocol/membership-token.ts'
import { createNonce, memberContext } from '../../protocol/nonce.ts'
import { maskedToken } from '../../protocol/token.ts'
import { type Answer, problemOf } from '../answer.ts'
import type { Buckets } from '../load/buckets.ts'
import type { Gate } from '../load/gate.ts'
import { primaryKeys, type ServingPrimary } from '../state.ts'
import type { AdmissionJournal } from './admission-journal.ts'
import { type AdmitDeps, type Admitted, admit, type Request } from './admit.ts'
import type { NamedOnce } from './named-once.ts'
import type { Warrant } from './warrant.ts'

export interface JoinAnswerDeps extends AdmitDeps {
  readonly journal: AdmissionJournal
  readonly named: NamedOnce
  /** The joins in work. Only proven ones take a place: whoever waits for a token to be looked for holds up nobody. */
  readonly gate: Gate
  /** How often a key may join: a captured request can be sent again while its nonce lives. Only proven ones count. */
  readonly pace: Buckets
  readonly log: Logger
}

/** The request that an answer is bound to. */
export interface Exchange {
  readonly request: string
  readonly echoes: Echoes
}

export interface ProvenRequest extends Request {
  readonly exchange: Exchange
}

/** Who answers: the primary, by the key that the asker trusts. */
export interface Answering {
  readonly primary: ServingPrimary
  readonly issuer: Issuer
}

/** A refusal of a join is one status, whatever its code: only the signed body says more. */
const refusedStatus = 403
/** When a cluster that waits for approval is to ask again, milliseconds. */
const approvalRetryMs = 10_000

/** Throws `ProtocolError` for what is answered without a signature, `KubeApiError` where the API server fails. */
export async function answerProven(deps: JoinAnswerDeps, answering: Answering, proven: ProvenRequest): Promise<Answer> {
  const { exchange, join, warrant } = proven
  const wait = deps.pace.take(join.key.thumbprint)
  if (wait > 0) throw new ProtocolError('Busy', 'this cluster asks too often', { retryAfterMs: wait })
  const admitted = await deps.gate.pass(async () => admit(deps, proven))
  // It counts against its source: a token that admits nobody any more would else be good for asking without end.
  if (admitted.kind === 'refused') {
    const { code } = admitted.refusal
    deps.log.info({ uid: join.claims.sub, code, ...shown(warrant) }, 'join refused')
    return refuse(answering.issuer, exchange, admitted.refusal)
  }
  if (admitted.isRebound) rebound(deps, admitted.cluster)
  if (admitted.kind === 'waiting') return pending(deps, warrant, admitted)
  if (admitted.isNew) tellAdmitted(deps, warrant, admitted.cluster)
  return accept(deps, answering, proven, admitted)
}

/** For the log. */
function shown(warrant: Warrant): { readonly token?: string } {
  return warrant.kind === 'token' ? { token: maskedToken(warrant.token.id) } : {}
}

function rebound({ journal, log }: JoinAnswerDeps, cluster: Cluster): void {
  log.info({ cluster: cluster.metadata.name, keyId: cluster.spec.member?.keyId }, 'member rebound to a new key')
  journal.rebound(cluster)
}

function tellAdmitted({ journal, named }: JoinAnswerDeps, warrant: Warrant, cluster: Cluster): void {
  if (warrant.kind !== 'token' || !named.isFirst('member', warrant, cluster)) return
  journal.admitted(warrant.token.secret, cluster.metadata.name)
}

function tellWaiting({ journal, named }: JoinAnswerDeps, warrant: Warrant, cluster: Cluster): void {
  if (!named.isFirst('waiting', warrant, cluster)) return
  if (warrant.kind === 'token') journal.waits(warrant.token.secret, cluster.metadata.name)
  else journal.returns(cluster)
}

/** It counts against nobody: those who wait are few, and behind one ingress they have one address with all others. */
function pending(
  deps: JoinAnswerDeps,
  warrant: Warrant,
  { cluster, isNew }: Extract<Admitted, { kind: 'waiting' }>,
): Answer {
  const clusterName = cluster.metadata.name
  deps.log[isNew ? 'info' : 'debug']({ cluster: clusterName, ...shown(warrant) }, 'join waits for approval')
  tellWaiting(deps, warrant, cluster)
  const error = new ProtocolError('PendingApproval', undefined, { retryAfterMs: approvalRetryMs })
  return { ...problemOf(error), isProven: true }
}

async function accept(
  deps: JoinAnswerDeps,
  { primary, issuer }: Answering,
  { exchange: { request, echoes }, join, warrant }: ProvenRequest,
  { cluster, isNew }: Extract<Admitted, { kind: 'member' }>,
): Promise<Answer> {
  const clusterName = cluster.metadata.name
  deps.log.info({ cluster: clusterName, uid: join.claims.sub, ...shown(warrant), isNew }, 'join admitted')
  const membership = await membershipOf(deps, primary, { join, clusterName })
  const exchange = { echoes, request, exchangeKey: join.claims.epk }
  return { status: 200, body: { result: await sealAcceptance(issuer, exchange, membership) }, isProven: true }
}

async function membershipOf(
  { clock }: JoinAnswerDeps,
  { keyring, name, endpoint, interval }: ServingPrimary,
  { join, clusterName }: Pick<Request, 'join'> & { clusterName: string },
): Promise<Membership> {
  const { uid, current } = keyring
  const thumbprint = join.key.thumbprint
  const subject = { clusterName, uid: join.claims.sub, thumbprint }
  return {
    clusterName,
    primaryName: name,
    endpoints: [endpoint],
    token: new Redacted(await signMembershipToken(current, subject, clock.now())),
    keys: primaryKeys(keyring),
    interval: interval / 1000,
    nonce: createNonce(current.nonceKey, memberContext(uid, thumbprint), clock.now()),
  }
}

/** Signs a refusal of the very request. */
export async function refuse(issuer: Issuer, exchange: Exchange, refusal: Refusal): Promise<Answer> {
  const result = await signRefusal(issuer, exchange, refusal)
  return { status: refusedStatus, body: { result }, says: refusal.code }
}
