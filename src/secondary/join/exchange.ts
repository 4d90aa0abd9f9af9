/**
 * The handshake of a join, from the question for a challenge to the opened result, over the endpoints in turn. It keeps
 * nothing and writes nothing: an answer that does not belong to the exchange in memory is dropped with it.
 */
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { Versions } from '../../protocol/fields.ts'
import {
  type Joiner,
  joinAnswerSchema,
  joinBodySchema,
  type RequestContext,
  signJoinRequest,
} from '../../protocol/join-request.ts'
import { type Membership, openResult, type Refusal } from '../../protocol/join-result.ts'
import { signReturnRequest } from '../../protocol/join-return.ts'
import { type PublicKey, publicKeyFrom, type SigningKey } from '../../protocol/keys.ts'
import { generateExchangeKey } from '../../protocol/seal.ts'
import { joinPath } from '../../protocol/wire.ts'
import { believedKeys } from '../membership/primary-keys.ts'
import { located, unexpectedAnswer } from '../primary-client/failures.ts'
import { inTurn } from '../primary-client/in-turn.ts'
import type { OpenLine, PrimaryLine } from '../primary-client/line.ts'
import type { JoinPlan } from './plan.ts'
import type { ReturnPlan } from './return-plan.ts'

export interface ExchangeDeps {
  readonly openLine: OpenLine
  /** UID of this cluster's `kube-system` namespace. */
  readonly ownUid: string
  readonly versions: () => Versions
  readonly clock: Clock
}

export interface Asked {
  readonly plan: JoinPlan | ReturnPlan
  readonly key: SigningKey
  /** The name asked for; a member that comes back has its own. */
  readonly name: string | undefined
}

export type ExchangeOutcome =
  | { readonly kind: 'joined'; readonly membership: Membership; readonly endpoint: string }
  /** Signed by the primary: final. */
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** For challenge and result together, at one endpoint. Milliseconds. */
export const exchangeTimeout = 30_000
/** A difference of clocks that is worth a line in the log; nothing is decided by it. Milliseconds. */
const notableSkew = 60_000

/** Throws `ProtocolError` where no endpoint led to a result; rejects with the signal's reason when that is aborted. */
export async function exchange(
  deps: ExchangeDeps,
  asked: Asked,
  context: { log: Logger; signal: AbortSignal },
): Promise<ExchangeOutcome> {
  const { allowUntrustedTls, endpoints } = asked.plan
  const line = deps.openLine({ ...primaryOf(asked.plan), allowUntrustedTls })
  try {
    return await inTurn(endpoints, async (endpoint) => {
      const patience = new AbortController()
      const late = new ProtocolError('ConnectTimeout', `the exchange with ${endpoint} took longer than 30 s`)
      const cancel = deps.clock.after(exchangeTimeout, () => patience.abort(late))
      const signal = AbortSignal.any([context.signal, patience.signal])
      try {
        return await exchangeAt(deps, line, asked, { endpoint, log: context.log, signal })
      } catch (error) {
        throw error instanceof ProtocolError ? located(error, endpoint) : error
      } finally {
        cancel()
      }
    })
  } catch (error) {
    throw asked.plan.kind === 'return' && error instanceof ProtocolError ? ofReturn(asked.plan, error) : error
  } finally {
    line.close()
  }
}

/** The primary that is meant. */
function primaryOf(plan: Asked['plan']): { readonly primaryUid: string; readonly primaryKey: PublicKey } {
  if (plan.kind === 'join') return plan.token
  const { primaryUid, keys } = plan.joined.membership
  return { primaryUid, primaryKey: publicKeyFrom(keys.current.x) }
}

/** Who has to do what, where a member waits: nobody has asked for it here. */
function ofReturn({ joined: { membership } }: ReturnPlan, error: ProtocolError): ProtocolError {
  if (error.code !== 'PendingApproval') return error
  const { primaryName, clusterName } = membership
  return new ProtocolError(
    'PendingApproval',
    `${primaryName} does not know ${clusterName} any more, and waits for the word of its administrator whether it may come back`,
    {
      cause: error,
      remedy: `let it come back there: set spec.approved of the Cluster ${clusterName} to true; or put a valid join token into mc-join here`,
      ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
    },
  )
}

async function exchangeAt(
  { ownUid, versions, clock }: ExchangeDeps,
  line: PrimaryLine,
  { plan, key, name }: Asked,
  { endpoint, log, signal }: { endpoint: string; log: Logger; signal: AbortSignal },
): Promise<ExchangeOutcome> {
  const { primaryUid, primaryKey } = primaryOf(plan)
  const asker = { tokenId: plan.kind === 'join' ? plan.token.id : null, thumbprint: key.thumbprint }
  const { challenge } = await line.introduce(endpoint, asker, signal)
  const skew = challenge.iat * 1000 - clock.now()
  if (Math.abs(skew) > notableSkew) log.warn({ skewMs: skew }, 'the clocks of this cluster and the primary differ')

  const exchangeKey = generateExchangeKey()
  const joiner = { key, uid: ownUid, k10: plan.k10, versions: versions() }
  const context = { challenge, primaryUid, exchangeKey: exchangeKey.publicKey, now: clock.now() }
  const signed = await signRequest(plan, { ...joiner, name }, context)
  const { request } = signed
  const body = JSON.stringify(joinBodySchema.parse({ ...signed, kid: primaryKey.thumbprint }))
  const answer = await line.post(endpoint, joinPath, { body }, signal)
  const parsed = joinAnswerSchema.safeParse(answer.body)
  if (!parsed.success) throw unexpectedAnswer(answer, endpoint)
  const echoes = { jkt: key.thumbprint, sub: ownUid, cn: challenge.cn, sn: challenge.sn }
  const outcome = await openResult(parsed.data.result, { echoes, request, primaryUid, primaryKey, exchangeKey })
  if (outcome.kind === 'refused') return outcome
  const keys = await believedKeys(outcome.membership.keys, primaryUid)
  return { ...outcome, membership: { ...outcome.membership, keys }, endpoint }
}

/** The request, and what it rests on where that is no part of it. */
async function signRequest(
  plan: Asked['plan'],
  joiner: Joiner,
  context: RequestContext,
): Promise<{ readonly request: string; readonly token?: string }> {
  switch (plan.kind) {
    case 'join':
      return { request: await signJoinRequest(joiner, { ...context, token: plan.token }) }
    case 'return': {
      const { membership, token } = plan.joined
      const returning = { ...joiner, name: membership.clusterName }
      return { request: await signReturnRequest(returning, context), token: token.reveal() }
    }
  }
}
