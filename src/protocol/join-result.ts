/**
 * Step 4 of the join: the primary's answer, bound to the very request by its hash. An acceptance is signed and then
 * sealed to the joiner's one-time key; a refusal is signed and readable.
 */
import { z } from 'zod'
import { Redacted } from '../lib/redacted.ts'
import { believed, isCodeFrom } from './answer.ts'
import { type RandomBytes, sha256 } from './encoding.ts'
import { type ErrorCode, ProtocolError } from './errors.ts'
import * as field from './fields.ts'
import type { Issuer } from './issuer.ts'
import { signJws, verifyJws } from './jws.ts'
import type { PublicKey } from './keys.ts'
import { type ExchangeKey, seal, unseal } from './seal.ts'

/** What ties a result to its request. */
const bindingShape = {
  iss: field.clusterUid,
  aud: field.thumbprint,
  sub: field.clusterUid,
  cn: field.clientNonce,
  sn: field.serverNonce,
  reqh: field.hash,
}

const acceptedClaims = z.object({
  ...bindingShape,
  status: z.literal('Joined'),
  clusterName: field.clusterName,
  primaryName: field.clusterName,
  endpoints: field.endpoints,
  token: field.compactJws,
  keys: field.keys,
  interval: field.interval,
  nonce: field.serverNonce,
})

const refusedClaims = z.object({
  ...bindingShape,
  status: z.literal('Rejected'),
  code: z.string().max(64),
  msg: z.string().max(1024),
})

const resultClaims = z.discriminatedUnion('status', [acceptedClaims, refusedClaims])

/** What an admitted cluster is told. */
export interface Membership
  extends Omit<z.infer<typeof acceptedClaims>, keyof typeof bindingShape | 'status' | 'token'> {
  /** The communication token. */
  readonly token: Redacted<string>
}

export interface Refusal {
  readonly code: ErrorCode
  readonly msg: string
}

export type JoinOutcome =
  | { readonly kind: 'joined'; readonly membership: Membership }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** The fields of a request that its result repeats. */
export interface Echoes {
  readonly jkt: string
  readonly sub: string
  readonly cn: string
  readonly sn: string
}

function bindingOf(issuerUid: string, echoes: Echoes, request: string) {
  return {
    iss: issuerUid,
    aud: echoes.jkt,
    sub: echoes.sub,
    cn: echoes.cn,
    sn: echoes.sn,
    reqh: sha256(request),
  }
}

/** Primary: signs an acceptance and seals it to `exchangeKey`. Throws `Malformed` for a weak exchange key. */
export async function sealAcceptance(
  issuer: Issuer,
  exchange: { echoes: Echoes; request: string; exchangeKey: string },
  membership: Membership,
  random?: RandomBytes,
): Promise<string> {
  const binding = bindingOf(issuer.uid, exchange.echoes, exchange.request)
  const claims = { ...binding, status: 'Joined', ...membership, token: membership.token.reveal() }
  const signed = await signJws(issuer.key, 'mcj-result+jwt', claims, { kid: issuer.key.thumbprint })
  return seal(signed, exchange.exchangeKey, random)
}

/** Primary: signs a refusal. */
export async function signRefusal(
  issuer: Issuer,
  exchange: { echoes: Echoes; request: string },
  refusal: Refusal,
): Promise<string> {
  const claims = { ...bindingOf(issuer.uid, exchange.echoes, exchange.request), status: 'Rejected', ...refusal }
  return signJws(issuer.key, 'mcj-result+jwt', claims, { kid: issuer.key.thumbprint })
}

/**
 * Secondary: opens a result that belongs to this exchange. Throws `NotOurServer` or `PrimaryKeyMismatch` for one that
 * the primary did not sign for this very request; nothing is changed by such an answer.
 */
export async function openResult(
  result: string,
  expected: { echoes: Echoes; request: string; primaryUid: string; primaryKey: PublicKey; exchangeKey: ExchangeKey },
): Promise<JoinOutcome> {
  const isSealed = !result.includes('.')
  const claims = await believed(
    (async () => {
      const compact = isSealed ? unseal(result, expected.exchangeKey) : result
      return verifyJws(compact, { typ: 'mcj-result+jwt', key: expected.primaryKey, claims: resultClaims })
    })(),
  )
  const binding = bindingOf(expected.primaryUid, expected.echoes, expected.request)
  if (Object.entries(binding).some(([name, value]) => claims[name as keyof typeof binding] !== value))
    throw new ProtocolError('NotOurServer', 'the answer to the join belongs to another exchange')
  if (claims.status === 'Joined') {
    if (!isSealed) throw new ProtocolError('NotOurServer', 'the answer to the join is not sealed')
    const { clusterName, primaryName, endpoints, keys, interval, nonce } = claims
    const token = new Redacted(claims.token)
    return { kind: 'joined', membership: { clusterName, primaryName, endpoints, token, keys, interval, nonce } }
  }
  if (!isCodeFrom('signed', claims.code))
    throw new ProtocolError(
      'VersionTooOld',
      'the primary refused the join for a reason that this version does not know',
    )
  return { kind: 'refused', refusal: { code: claims.code, msg: claims.msg } }
}
