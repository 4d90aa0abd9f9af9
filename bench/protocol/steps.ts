/** The steps of the protocol, each as both sides do it, and the bare calls that it cannot do without. */
import { openChallenge, signChallenge } from '../../src/protocol/challenge.ts'
import {
  decodeJoinRequest,
  signJoinRequest,
  verifyJoinRequest,
  verifyTokenProof,
} from '../../src/protocol/join-request.ts'
import { openResult, sealAcceptance } from '../../src/protocol/join-result.ts'
import { createKeyring } from '../../src/protocol/keyring.ts'
import { signMembershipToken } from '../../src/protocol/membership-token.ts'
import { createNonce, joinContext, joinNonceLifetime, verifyNonce } from '../../src/protocol/nonce.ts'
import { signPossession, verifyPossession } from '../../src/protocol/possession-proof.ts'
import { openReply, signReply } from '../../src/protocol/reply.ts'
import { issueToken, parseToken } from '../../src/protocol/token.ts'
import type { Work } from '../measure/in-turn.ts'
import type { BareCall } from './bare.ts'
import { type Exchange, endpoint } from './exchange.ts'

export interface Step {
  readonly name: string
  /** How often each bare call is needed, whoever writes the step. */
  readonly needs: Readonly<Partial<Record<BareCall, number>>>
  readonly once: Work
}

/** In the order of a join. `now`, when the exchange was made, is milliseconds since the epoch. */
export function steps(exchange: Exchange, now: number): readonly Step[] {
  return [
    ...tokenSteps(exchange),
    ...challengeSteps(exchange, now),
    ...joinSteps(exchange, now),
    ...beatSteps(exchange, now),
  ]
}

/** The key of a token is derived and imported. */
const tokenKey = { 'node HKDF': 1, 'node import, private': 1 } as const

function tokenSteps({ issuer, tokenText }: Exchange): readonly Step[] {
  return [
    {
      name: 'issue a join token',
      needs: tokenKey,
      once: () => issueToken({ ...issuer, endpoints: [endpoint] }),
    },
    { name: 'parse a join token', needs: tokenKey, once: () => parseToken(tokenText) },
  ]
}

function challengeSteps({ issuer, token, ask, challenge }: Exchange, now: number): readonly Step[] {
  const { primaryUid, primaryKey } = token
  const context = joinContext(issuer.uid, ask)
  const nonce = createNonce(issuer.nonceKey, context, now)
  const limits = { now, lifetime: joinNonceLifetime }
  return [
    {
      name: 'sign a challenge',
      needs: { 'jose sign': 1, 'node HMAC': 1 },
      once: async () => signChallenge(issuer, ask, { spki: [], now }),
    },
    {
      name: 'open a challenge',
      needs: { 'jose verify': 1 },
      once: async () => openChallenge(challenge.sent, { request: ask, primaryUid, primaryKey }),
    },
    {
      name: 'verify a nonce',
      needs: { 'node HMAC': 1 },
      once: () => verifyNonce([issuer.nonceKey], context, nonce, limits),
    },
  ]
}

function joinSteps(exchange: Exchange, now: number): readonly Step[] {
  const { issuer, joiner, token, challenge, exchangeKey, request, echoes, membership, result } = exchange
  const sent = { token, challenge: challenge.read, exchangeKey: exchangeKey.publicKey, now }
  const { primaryUid, primaryKey } = token
  const member = { clusterName: membership.clusterName, uid: joiner.uid, thumbprint: joiner.key.thumbprint }
  return [
    {
      name: 'sign a join request, twice',
      needs: { 'jose sign': 2 },
      once: async () => signJoinRequest(joiner, sent),
    },
    {
      name: 'read a join request and verify both signatures',
      needs: { 'jose verify': 2, 'node import, public': 1 },
      async once() {
        const join = decodeJoinRequest(request)
        await verifyTokenProof(join, token.key)
        return verifyJoinRequest(join, issuer.uid)
      },
    },
    {
      name: 'sign a communication token',
      needs: { 'jose sign': 1 },
      once: async () => signMembershipToken(issuer, member, now),
    },
    {
      name: 'sign and seal an acceptance',
      needs: {
        'jose sign': 1,
        'node X25519 key': 1,
        'node X25519': 1,
        'nacl secretbox': 1,
      },
      once: async () => sealAcceptance(issuer, { echoes, request, exchangeKey: exchangeKey.publicKey }, membership),
    },
    {
      name: 'open an acceptance',
      needs: { 'jose verify': 1, 'node X25519': 1, 'nacl secretbox': 1 },
      once: async () => openResult(result, { echoes, request, primaryUid, primaryKey, exchangeKey }),
    },
  ]
}

function beatSteps(exchange: Exchange, now: number): readonly Step[] {
  const { issuer, joiner, token, membership, heartbeat, proof, reply } = exchange
  const keyring = createKeyring(issuer.uid, { current: issuer.key })
  const { primaryUid, primaryKey } = token
  const { thumbprint } = joiner.key
  const limits = { now, lifetime: joinNonceLifetime }
  return [
    {
      name: 'sign a heartbeat',
      needs: { 'jose sign': 1 },
      once: async () => signPossession(joiner.key, heartbeat, { nonce: membership.nonce, boot: 'boot-1' }),
    },
    {
      name: 'verify a heartbeat',
      needs: { 'jose verify': 1, 'node import, public': 1, 'node HMAC': 1 },
      once: async () => verifyPossession(keyring, proof, heartbeat, limits),
    },
    {
      name: 'sign a reply',
      needs: { 'jose sign': 1 },
      once: async () => signReply(issuer, { proof, thumbprint }, { status: 'ok', interval: 20 }),
    },
    {
      name: 'open a reply',
      needs: { 'jose verify': 1 },
      once: async () => openReply(reply, { proof, thumbprint, primaryUid, primaryKey }),
    },
  ]
}
