/**
 * The two steps of a join on the primary, from a body to an answer. Cheap checks come first, nothing is stored before
 * both proofs have been verified, and a refusal for good is signed.
 */
import { z } from 'zod'
import type { Cluster } from '../../api/cluster.ts'
import { k10Schema } from '../../api/k10.ts'
import type { Logger } from '../../lib/logger.ts'
import { Redacted } from '../../lib/redacted.ts'
import { challengeRequestSchema, protocolVersion, signChallenge } from '../../protocol/challenge.ts'
import { explain, ProtocolError } from '../../protocol/errors.ts'
import type { Issuer } from '../../protocol/issuer.ts'
import { decodeJoinRequest, joinBodySchema, verifyJoinRequest } from '../../protocol/join-request.ts'
import { type Echoes, type Membership, type Refusal, sealAcceptance, signRefusal } from '../../protocol/join-result.ts'
import { signMembershipToken } from '../../protocol/membership-token.ts'
import { createNonce, joinContext, joinNonceLifetime, memberContext, verifyNonce } from '../../protocol/nonce.ts'
import { maskedToken } from '../../protocol/token.ts'
import { type Answer, problemOf } from '../answer.ts'
import type { Buckets } from '../load/buckets.ts'
import type { Gate } from '../load/gate.ts'
import { primaryKeys, type ServingPrimary } from '../state.ts'
import type { AdmissionJournal } from './admission-journal.ts'
import { type AdmitDeps, type Admitted, admit, type Request } from './admit.ts'
import { proveToken } from './token-proof.ts'

export interface JoinServiceDeps extends AdmitDeps {
  /** Throws `ProtocolError` `Busy` while nothing can be served. */
  readonly serving: () => ServingPrimary
  /** The key of this name. Throws `ProtocolError`, `PrimaryKeyMismatch` where the primary holds none. */
  readonly issuerNamed: (kid: string | undefined) => Promise<Issuer>
  readonly journal: AdmissionJournal
  /** The joins in work. Only proven ones take a place: whoever waits for a token to be looked for holds up nobody. */
  readonly gate: Gate
  /** How often a key may join: a captured request can be sent again while its nonce lives. Only proven ones count. */
  readonly pace: Buckets
  /** SHA-256 of the TLS leaf keys that a challenge vouches for. */
  readonly spki: () => readonly string[]
  readonly log: Logger
}

export interface JoinService {
  /** Throws `ProtocolError` for what is answered without a signature. */
  challenge(body: unknown): Promise<Answer>
  /** Throws `ProtocolError` for what is answered without a signature, `KubeApiError` where the API server fails. */
  join(body: unknown): Promise<Answer>
}

/** A refusal of a join is one status, whatever its code: only the signed body says more. */
const refusedStatus = 403
const versionSchema = z.object({ v: z.number() })
/** When a cluster that waits for approval is to ask again, milliseconds. */
const approvalRetryMs = 10_000

export function createJoinService(deps: JoinServiceDeps): JoinService {
  return {
    async challenge(body) {
      deps.serving()
      assertVersion(body)
      const request = parse(challengeRequestSchema, body)
      const issuer = await deps.issuerNamed(request.kid)
      const challenge = await signChallenge(issuer, request, { spki: deps.spki(), now: deps.clock.now() })
      return { status: 200, body: { challenge } }
    },

    async join(body) {
      const primary = deps.serving()
      const { request, kid } = parse(joinBodySchema, body)
      const { uid, held } = primary.keyring
      const unverified = decodeJoinRequest(request)
      const echoes = { jkt: unverified.jkt, sub: unverified.sub, cn: unverified.cn, sn: unverified.sn }
      const nonceKeys = held.map(({ nonceKey }) => nonceKey)
      const limits = { now: deps.clock.now(), lifetime: joinNonceLifetime }
      const askedAt = verifyNonce(nonceKeys, joinContext(uid, unverified), unverified.sn, limits)
      // After the nonce: a key that is not known is looked for on the API server.
      const issuer = await deps.issuerNamed(kid)
      const token = await proveToken(deps.tokens, unverified)
      if (token === undefined) {
        // Not louder: such lines are anybody's to cause.
        deps.log.debug({ uid: echoes.sub }, 'join without a valid token refused')
        return refuse(issuer, { request, echoes }, { code: 'TokenInvalid', msg: explain('TokenInvalid') })
      }
      const join = await verifyJoinRequest(unverified, uid)
      if (!k10Schema.safeParse(join.claims.k10).success)
        throw new ProtocolError('Malformed', 'the request reports a k10 that is not well-formed')
      const wait = deps.pace.take(join.key.thumbprint)
      if (wait > 0) throw new ProtocolError('Busy', 'this cluster asks too often', { retryAfterMs: wait })
      const admitted = await deps.gate.pass(async () => admit(deps, { join, token, askedAt }))
      // It counts against its source: a token that admits nobody any more would else be good for asking without end.
      if (admitted.kind === 'refused') {
        deps.log.info(
          { uid: join.claims.sub, code: admitted.refusal.code, token: maskedToken(token.id) },
          'join refused',
        )
        return refuse(issuer, { request, echoes }, admitted.refusal)
      }
      if (admitted.isRebound) rebound(deps, admitted.cluster)
      if (admitted.kind === 'waiting') return pending(deps, token, admitted)
      if (admitted.isNew) deps.journal.admitted(token.secret, admitted.cluster.metadata.name)
      return accept(deps, { primary, issuer }, { request, echoes, join, token }, admitted)
    },
  }
}

function rebound({ journal, log }: JoinServiceDeps, cluster: Cluster): void {
  log.info({ cluster: cluster.metadata.name, keyId: cluster.spec.member?.keyId }, 'member rebound to a new key')
  journal.rebound(cluster)
}

/** It counts against nobody: those who wait are few, and behind one ingress they have one address with all others. */
function pending(
  { journal, log }: JoinServiceDeps,
  token: Request['token'],
  { cluster, isNew }: Extract<Admitted, { kind: 'waiting' }>,
): Answer {
  const clusterName = cluster.metadata.name
  log[isNew ? 'info' : 'debug']({ cluster: clusterName, token: maskedToken(token.id) }, 'join waits for approval')
  if (isNew) journal.waits(token.secret, clusterName)
  const error = new ProtocolError('PendingApproval', undefined, { retryAfterMs: approvalRetryMs })
  return { ...problemOf(error), isProven: true }
}

async function accept(
  deps: JoinServiceDeps,
  { primary, issuer }: { primary: ServingPrimary; issuer: Issuer },
  { request, echoes, join, token }: Pick<Request, 'join' | 'token'> & { request: string; echoes: Echoes },
  { cluster, isNew }: Extract<Admitted, { kind: 'member' }>,
): Promise<Answer> {
  const clusterName = cluster.metadata.name
  deps.log.info({ cluster: clusterName, uid: join.claims.sub, token: maskedToken(token.id), isNew }, 'join admitted')
  const membership = await membershipOf(deps, primary, { join, clusterName })
  const exchange = { echoes, request, exchangeKey: join.claims.epk }
  return { status: 200, body: { result: await sealAcceptance(issuer, exchange, membership) }, isProven: true }
}

async function membershipOf(
  { clock }: JoinServiceDeps,
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

async function refuse(
  issuer: Issuer,
  exchange: { readonly request: string; readonly echoes: Echoes },
  refusal: Refusal,
): Promise<Answer> {
  const result = await signRefusal(issuer, exchange, refusal)
  return { status: refusedStatus, body: { result }, says: refusal.code }
}

/** A newer secondary learns what is wrong, where a schema would only call its request malformed. */
function assertVersion(body: unknown): void {
  const { success, data } = versionSchema.safeParse(body)
  if (success && data.v !== protocolVersion)
    throw new ProtocolError(
      'VersionTooOld',
      `the request speaks version ${data.v} of the protocol, and this primary version ${protocolVersion}`,
    )
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body)
  if (!parsed.success) throw new ProtocolError('Malformed')
  return parsed.data
}
