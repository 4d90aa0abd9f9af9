/** One exchange between a primary and a secondary, every message of it: what the steps of the protocol are measured with. */

import { Redacted } from '../../src/lib/redacted.ts'
import {
  askForChallenge,
  type Challenge,
  type ChallengeRequest,
  openChallenge,
  signChallenge,
} from '../../src/protocol/challenge.ts'
import { createIssuer, type Issuer } from '../../src/protocol/issuer.ts'
import { type Joiner, signJoinRequest } from '../../src/protocol/join-request.ts'
import { type Echoes, type Membership, sealAcceptance } from '../../src/protocol/join-result.ts'
import { generateSigningKey } from '../../src/protocol/keys.ts'
import { signMembershipToken } from '../../src/protocol/membership-token.ts'
import { createNonce, memberContext } from '../../src/protocol/nonce.ts'
import { type ProvenRequest, signPossession } from '../../src/protocol/possession-proof.ts'
import { signReply } from '../../src/protocol/reply.ts'
import { type ExchangeKey, generateExchangeKey } from '../../src/protocol/seal.ts'
import { issueToken, type JoinToken, parseToken } from '../../src/protocol/token.ts'
import { heartbeatPath } from '../../src/protocol/wire.ts'

export interface Exchange {
  readonly issuer: Issuer
  readonly joiner: Joiner
  readonly tokenText: string
  readonly token: JoinToken
  readonly ask: ChallengeRequest
  /** As sent, and as the secondary reads it. */
  readonly challenge: { readonly sent: string; readonly read: Challenge }
  readonly exchangeKey: ExchangeKey
  readonly request: string
  readonly echoes: Echoes
  readonly membership: Membership
  readonly result: string
  readonly heartbeat: ProvenRequest
  readonly proof: string
  readonly reply: string
}

export const endpoint = 'https://primary.example.com'

/** `now`, at which all of it happens, is milliseconds since the epoch. */
export async function runExchange(now: number): Promise<Exchange> {
  const issuer = makeIssuer()
  const joiner: Joiner = {
    key: generateSigningKey(),
    uid: '6c1f9f0e-7a52-4b9e-9a53-0d7f1f6f0c11',
    name: 'east-coast-1',
    k10: { namespace: 'kasten-io', releaseName: 'k10', ingress: { url: 'https://east.example.com/k10' } },
    versions: { operator: '0.1.0', kubernetes: 'v1.36.3' },
  }
  const tokenText = issueToken({ ...issuer, endpoints: [endpoint] }).text.reveal()
  const token = parseToken(tokenText)
  const { thumbprint } = joiner.key
  const ask = askForChallenge({ tokenId: token.id, primaryKey: token.primaryKey, thumbprint })
  const sent = await signChallenge(issuer, ask, { spki: [], now })
  const read = await openChallenge(sent, { request: ask, primaryUid: token.primaryUid, primaryKey: token.primaryKey })
  const exchangeKey = generateExchangeKey()
  const request = await signJoinRequest(joiner, {
    token,
    challenge: read,
    exchangeKey: exchangeKey.publicKey,
    now,
  })
  const echoes = { jkt: thumbprint, sub: joiner.uid, cn: read.cn, sn: read.sn }
  const membership = await membershipOf(issuer, joiner, now)
  const result = await sealAcceptance(issuer, { echoes, request, exchangeKey: exchangeKey.publicKey }, membership)
  return {
    issuer,
    joiner,
    tokenText,
    token,
    ask,
    challenge: { sent, read },
    exchangeKey,
    request,
    echoes,
    membership,
    result,
    ...(await beat(issuer, joiner, membership)),
  }
}

function makeIssuer(): Issuer {
  const key = generateSigningKey()
  return createIssuer('b0a2f1f5-3f57-4b11-8f0c-2f4a0f0d9a01', key)
}

async function membershipOf(issuer: Issuer, { key, uid }: Joiner, now: number): Promise<Membership> {
  const { thumbprint } = key
  const clusterName = 'east-coast-1'
  return {
    clusterName,
    primaryName: 'primary-cluster-1',
    endpoints: [endpoint],
    token: new Redacted(await signMembershipToken(issuer, { clusterName, uid, thumbprint }, now)),
    keys: { current: { kid: issuer.key.thumbprint, x: issuer.key.x } },
    interval: 20,
    nonce: createNonce(issuer.nonceKey, memberContext(issuer.uid, thumbprint), now),
  }
}

async function beat(
  issuer: Issuer,
  { key, versions }: Joiner,
  { clusterName, token, nonce }: Membership,
): Promise<Pick<Exchange, 'heartbeat' | 'proof' | 'reply'>> {
  const body = JSON.stringify({ versions, health: 'ok', kid: issuer.key.thumbprint })
  const heartbeat = { path: heartbeatPath(clusterName), token: token.reveal(), body }
  const proof = await signPossession(key, heartbeat, { nonce, boot: 'boot-1' })
  const reply = await signReply(issuer, { proof, thumbprint: key.thumbprint }, { status: 'ok', interval: 20 })
  return { heartbeat, proof, reply }
}
