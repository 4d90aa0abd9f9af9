/**
 * One whole exchange between a primary and a secondary, every message of it, the same in every run. Options change a
 * party, so that two exchanges can be set against each other.
 */

import { Redacted } from '../../../src/lib/redacted.ts'
import {
  askForChallenge,
  type Challenge,
  type ChallengeRequest,
  openChallenge,
  signChallenge,
} from '../../../src/protocol/challenge.ts'
import { createIssuer, type Issuer } from '../../../src/protocol/issuer.ts'
import {
  decodeJoinRequest,
  type Joiner,
  signJoinRequest,
  type UnverifiedJoin,
} from '../../../src/protocol/join-request.ts'
import { type Echoes, type Membership, sealAcceptance, signRefusal } from '../../../src/protocol/join-result.ts'
import { signReturnRequest } from '../../../src/protocol/join-return.ts'
import type { SigningKey } from '../../../src/protocol/keys.ts'
import { signMembershipToken } from '../../../src/protocol/membership-token.ts'
import { signNextKey } from '../../../src/protocol/next-key.ts'
import { createNonce, memberContext } from '../../../src/protocol/nonce.ts'
import { type ProvenRequest, signPossession } from '../../../src/protocol/possession-proof.ts'
import { type RekeySubject, signRekeyRequest } from '../../../src/protocol/rekey.ts'
import { signReply } from '../../../src/protocol/reply.ts'
import { type ExchangeKey, generateExchangeKey, unseal } from '../../../src/protocol/seal.ts'
import { type IssuedToken, issueToken, type JoinToken, parseToken } from '../../../src/protocol/token.ts'
import { heartbeatPath } from '../../../src/protocol/wire.ts'
import { keyOf, randomFrom } from './randomness.fixture.ts'

/** Milliseconds since the epoch at which everything happens. */
export const now = 1_800_000_000_000
export const memberNonceLifetime = 300_000

export function issuerOf(label: string): Issuer {
  const key = keyOf(`primary ${label}`)
  return createIssuer(`uid-of-primary-${label}`, key)
}

export function joinerOf(label: string): Joiner {
  return {
    key: keyOf(`secondary ${label}`),
    uid: `uid-of-secondary-${label}`,
    name: `cluster-${label}`,
    k10: { namespace: 'kasten-io', releaseName: 'k10', ingress: { url: `https://${label}.example.com/k10` } },
    versions: { operator: '0.1.0', kubernetes: 'v1.36.3' },
  }
}

export interface Exchange {
  readonly issuer: Issuer
  readonly joiner: Joiner
  readonly issued: IssuedToken
  readonly token: JoinToken
  /** Step 1. */
  readonly ask: ChallengeRequest
  /** Step 2, as sent and as the secondary reads it. */
  readonly challenge: string
  readonly opened: Challenge
  /** Step 3. */
  readonly exchangeKey: ExchangeKey
  readonly request: string
  readonly decoded: UnverifiedJoin
  readonly echoes: Echoes
  /** Step 4, both ways; `signed` is what is inside the seal. */
  readonly membership: Membership
  readonly accepted: string
  readonly signed: string
  readonly refused: string
  /** A heartbeat and its reply. */
  readonly heartbeat: ProvenRequest
  readonly proof: string
  readonly reply: string
  /** The key that the primary announces, and how. */
  readonly nextKey: SigningKey
  readonly announcement: string
  /** A request for another key, as it stands in the body. */
  readonly nextMemberKey: SigningKey
  readonly rekeySubject: RekeySubject
  readonly rekey: string
  /** The request of the same cluster as a member that comes back. */
  readonly returning: string
}

/** `label` names the run: another one draws other nonces, other one-time keys and another token. */
export async function runExchange(
  label = 'one',
  { issuer = issuerOf('a'), joiner = joinerOf('x') }: { issuer?: Issuer; joiner?: Joiner } = {},
): Promise<Exchange> {
  const random = randomFrom(label)
  const endpoint = `https://${issuer.uid}.example.com`
  const issued = issueToken({ uid: issuer.uid, key: issuer.key, endpoints: [endpoint] }, random)
  const token = parseToken(issued.text.reveal())
  const thumbprint = joiner.key.thumbprint

  const ask = askForChallenge({ tokenId: token.id, primaryKey: token.primaryKey, thumbprint }, random)
  const challenge = await signChallenge(issuer, ask, { spki: [], now, random })
  const opened = await openChallenge(challenge, {
    request: ask,
    primaryUid: token.primaryUid,
    primaryKey: token.primaryKey,
  })

  const exchangeKey = generateExchangeKey(random)
  const request = await signJoinRequest(joiner, {
    token,
    challenge: opened,
    exchangeKey: exchangeKey.publicKey,
    now,
  })
  const decoded = decodeJoinRequest(request)
  const echoes = { jkt: decoded.jkt, sub: decoded.sub, cn: decoded.cn, sn: decoded.sn }

  const clusterName = joiner.name ?? 'unnamed'
  const nonce = createNonce(issuer.nonceKey, memberContext(issuer.uid, thumbprint), now, random)
  const membership: Membership = {
    clusterName,
    primaryName: 'primary-cluster-1',
    endpoints: [endpoint],
    token: new Redacted(await signMembershipToken(issuer, { clusterName, uid: joiner.uid, thumbprint }, now)),
    keys: { current: { kid: issuer.key.thumbprint, x: issuer.key.x } },
    interval: 20,
    nonce,
  }
  const accepted = await sealAcceptance(
    issuer,
    { echoes, request, exchangeKey: exchangeKey.publicKey },
    membership,
    random,
  )
  const refused = await signRefusal(issuer, { echoes, request }, { code: 'NameTaken', msg: 'the name is taken' })

  const heartbeat = {
    path: heartbeatPath(clusterName),
    token: membership.token.reveal(),
    body: JSON.stringify({ versions: joiner.versions, health: 'ok' }),
  }
  const proof = await signPossession(joiner.key, heartbeat, { nonce, boot: 'boot-1', random })
  const reply = await signReply(issuer, { proof, thumbprint }, { status: 'ok', interval: 20 })
  const nextKey = keyOf(`next of ${issuer.uid}`)
  const announcement = await signNextKey(issuer.uid, nextKey)
  const nextMemberKey = keyOf(`next key of ${joiner.uid}`)
  const rekeySubject = { primaryUid: issuer.uid, uid: joiner.uid, oldKeyId: thumbprint }
  const rekey = await signRekeyRequest(nextMemberKey, rekeySubject, now)
  const returning = await signReturnRequest(
    { ...joiner, name: clusterName },
    { challenge: opened, primaryUid: issuer.uid, exchangeKey: exchangeKey.publicKey, now },
  )
  return {
    issuer,
    joiner,
    issued,
    token,
    ask,
    challenge,
    opened,
    exchangeKey,
    request,
    decoded,
    echoes,
    membership,
    accepted,
    signed: unseal(accepted, exchangeKey),
    refused,
    heartbeat,
    proof,
    reply,
    nextKey,
    announcement,
    nextMemberKey,
    rekeySubject,
    rekey,
    returning,
  }
}
