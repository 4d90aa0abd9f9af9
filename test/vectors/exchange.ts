/** The vector of one whole exchange: every message of a join, its refusal, a heartbeat with each of its replies, and a leave. */
import { Redacted } from '../../src/lib/redacted.ts'
import { askForChallenge, openChallenge, signChallenge } from '../../src/protocol/challenge.ts'
import { decodeJoinRequest, signJoinRequest } from '../../src/protocol/join-request.ts'
import { sealAcceptance, signRefusal } from '../../src/protocol/join-result.ts'
import { seedOf } from '../../src/protocol/keys.ts'
import { signMembershipToken } from '../../src/protocol/membership-token.ts'
import { createNonce, memberContext } from '../../src/protocol/nonce.ts'
import { signPossession } from '../../src/protocol/possession-proof.ts'
import { type Reply, signReply } from '../../src/protocol/reply.ts'
import { generateExchangeKey, unseal } from '../../src/protocol/seal.ts'
import { parseToken } from '../../src/protocol/token.ts'
import { heartbeatPath, leavePath } from '../../src/protocol/wire.ts'
import {
  base64url,
  bytesOf,
  endpoint,
  hex,
  inOrder,
  issuer,
  now,
  primary,
  primaryUid,
  secondary,
  secondaryUid,
  versions,
} from './inputs.ts'

export async function exchangeVector(text: string) {
  const token = parseToken(text)
  const random = {
    cn: bytesOf('cn', 16),
    sn: bytesOf('sn', 16),
    exchangeSecret: bytesOf('exchange', 32),
    memberNonce: bytesOf('member nonce', 16),
    sealSecret: bytesOf('seal', 32),
    sealNonce: bytesOf('seal nonce', 24),
    jti: bytesOf('jti', 12),
    leaveNonce: bytesOf('leave nonce', 16),
    leaveJti: bytesOf('leave jti', 12),
  }
  const { thumbprint } = secondary
  const challengeRequest = askForChallenge({ tokenId: token.id, primaryKey: primary, thumbprint }, inOrder(random.cn))
  const spki = [base64url('spki', 32)]
  const challenge = await signChallenge(issuer, challengeRequest, { spki, now, random: inOrder(random.sn) })
  const opened = await openChallenge(challenge, { request: challengeRequest, primaryUid, primaryKey: primary })

  const exchangeKey = generateExchangeKey(inOrder(random.exchangeSecret))
  const k10 = { namespace: 'kasten-io', releaseName: 'k10', ingress: { url: 'https://east.example.com/k10' } }
  const joiner = { key: secondary, uid: secondaryUid, name: 'east', k10, versions }
  const request = await signJoinRequest(joiner, { token, challenge: opened, exchangeKey: exchangeKey.publicKey, now })
  const { jkt, sub, cn, sn } = decodeJoinRequest(request)
  const echoes = { jkt, sub, cn, sn }

  const membership = {
    clusterName: 'east',
    primaryName: 'primary-cluster-1',
    endpoints: [endpoint],
    token: new Redacted(await signMembershipToken(issuer, { clusterName: 'east', uid: secondaryUid, thumbprint }, now)),
    keys: { current: { kid: primary.thumbprint, x: primary.x } },
    interval: 20,
    nonce: createNonce(issuer.nonceKey, memberContext(primaryUid, thumbprint), now, inOrder(random.memberNonce)),
  }
  const accepted = await sealAcceptance(
    issuer,
    { echoes, request, exchangeKey: exchangeKey.publicKey },
    membership,
    inOrder(random.sealSecret, random.sealNonce),
  )
  const refusal = {
    code: 'NameTaken',
    msg: 'NameTaken: the name east belongs to another cluster; ask for another',
  } as const
  const refused = await signRefusal(issuer, { echoes, request }, refusal)

  const body = JSON.stringify({ versions, health: 'ok', kid: primary.thumbprint })
  const heartbeat = { path: heartbeatPath('east'), token: membership.token.reveal(), body }
  const proof = await signPossession(secondary, heartbeat, {
    nonce: membership.nonce,
    boot: 'boot-1',
    random: inOrder(random.jti),
  })
  const leave = {
    path: leavePath('east'),
    token: membership.token.reveal(),
    body: JSON.stringify({ kid: primary.thumbprint }),
  }
  const leaveProof = await signPossession(secondary, leave, {
    nonce: createNonce(issuer.nonceKey, memberContext(primaryUid, thumbprint), now, inOrder(random.leaveNonce)),
    boot: 'boot-1',
    random: inOrder(random.leaveJti),
  })
  const farewell: Reply = { status: 'ok', interval: 20 }
  const replies: Readonly<Record<Reply['status'], Reply>> = {
    ok: { status: 'ok', interval: 20, keys: membership.keys, endpoints: [endpoint] },
    Disconnected: { status: 'Disconnected', at: now / 1000 },
    UnknownCluster: { status: 'UnknownCluster' },
    KeyMismatch: { status: 'KeyMismatch' },
  }
  return {
    now,
    random: Object.fromEntries(Object.entries(random).map(([name, bytes]) => [name, hex(bytes)])),
    token: text,
    primaryUid,
    secondaryUid,
    secondarySeed: hex(seedOf(secondary)),
    spki,
    challengeRequest,
    challengeAnswer: { challenge },
    exchangePublicKey: exchangeKey.publicKey,
    joinRequest: { request, kid: primary.thumbprint },
    innerRequest: decodeJoinRequest(request).inner.compact,
    accepted: { result: accepted },
    acceptedUnsealed: unseal(accepted, exchangeKey),
    refused: { result: refused },
    heartbeat: { ...heartbeat, proof },
    replies: Object.fromEntries(
      await Promise.all(
        Object.entries(replies).map(
          async ([name, reply]) => [name, { reply: await signReply(issuer, { proof, thumbprint }, reply) }] as const,
        ),
      ),
    ),
    leave: { ...leave, proof: leaveProof },
    leaveReply: { reply: await signReply(issuer, { proof: leaveProof, thumbprint }, farewell) },
  }
}
