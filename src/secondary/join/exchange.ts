/**
 * The handshake of a join, from the question for a challenge to the opened result, over the endpoints in turn. It keeps
 * nothing and writes nothing: an answer that does not belong to the exchange in memory is dropped with it.
 */
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { Versions } from '../../protocol/fields.ts'
import { joinAnswerSchema, joinBodySchema, signJoinRequest } from '../../protocol/join-request.ts'
import { type Membership, openResult, type Refusal } from '../../protocol/join-result.ts'
import { publicKeyFrom, type SigningKey } from '../../protocol/keys.ts'
import { generateExchangeKey } from '../../protocol/seal.ts'
import { joinPath } from '../../protocol/wire.ts'
import { located, unexpectedAnswer } from '../primary-client/failures.ts'
import { inTurn } from '../primary-client/in-turn.ts'
import type { OpenLine, PrimaryLine } from '../primary-client/line.ts'
import type { JoinPlan } from './plan.ts'

export interface ExchangeDeps {
  readonly openLine: OpenLine
  /** UID of this cluster's `kube-system` namespace. */
  readonly ownUid: string
  readonly versions: Versions
  readonly clock: Clock
}

export interface Asked {
  readonly plan: JoinPlan
  readonly key: SigningKey
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
  const { token, allowUntrustedTls, endpoints } = asked.plan
  const { primaryUid, primaryKey } = token
  const line = deps.openLine({ primaryUid, primaryKey, allowUntrustedTls })
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
  } finally {
    line.close()
  }
}

async function exchangeAt(
  { ownUid, versions, clock }: ExchangeDeps,
  line: PrimaryLine,
  { plan, key, name }: Asked,
  { endpoint, log, signal }: { endpoint: string; log: Logger; signal: AbortSignal },
): Promise<ExchangeOutcome> {
  const { token, k10 } = plan
  const { primaryUid, primaryKey } = token
  const asker = { tokenId: token.id, thumbprint: key.thumbprint }
  const { challenge } = await line.introduce(endpoint, asker, signal)
  const skew = challenge.iat * 1000 - clock.now()
  if (Math.abs(skew) > notableSkew) log.warn({ skewMs: skew }, 'the clocks of this cluster and the primary differ')

  const exchangeKey = generateExchangeKey()
  const joiner = { key, uid: ownUid, name, k10, versions }
  const exchange = { token, challenge, exchangeKey: exchangeKey.publicKey, now: clock.now() }
  const request = await signJoinRequest(joiner, exchange)
  const body = JSON.stringify(joinBodySchema.parse({ request, kid: primaryKey.thumbprint }))
  const answer = await line.post(endpoint, joinPath, { body }, signal)
  const parsed = joinAnswerSchema.safeParse(answer.body)
  if (!parsed.success) throw unexpectedAnswer(answer, endpoint)
  const echoes = { jkt: key.thumbprint, sub: ownUid, cn: challenge.cn, sn: challenge.sn }
  const outcome = await openResult(parsed.data.result, { echoes, request, primaryUid, primaryKey, exchangeKey })
  if (outcome.kind === 'refused') return outcome
  assertUsableKey(outcome.membership)
  return { ...outcome, endpoint }
}

/** The key that heartbeats will be answered with. */
function assertUsableKey({ keys }: Membership): void {
  if (publicKeyFrom(keys.current.x).thumbprint !== keys.current.kid)
    throw new ProtocolError('NotOurServer', 'the primary names a key that is not the one it describes')
}
