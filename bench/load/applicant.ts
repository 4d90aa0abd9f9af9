/**
 * One cluster that joins, without a Kubernetes of its own: an identity in memory, with the protocol's own functions and
 * real cryptography, over connections that it shares with others as behind an ingress. It keeps no time.
 */
import { randomUUID } from 'node:crypto'
import type { Dispatcher } from 'undici'
import { askForChallenge, challengeAnswerSchema, openChallenge } from '../../src/protocol/challenge.ts'
import { joinAnswerSchema, signJoinRequest } from '../../src/protocol/join-request.ts'
import { type Membership, openResult } from '../../src/protocol/join-result.ts'
import { generateSigningKey, type SigningKey } from '../../src/protocol/keys.ts'
import { signPossession } from '../../src/protocol/possession-proof.ts'
import { openReply, replyAnswerSchema } from '../../src/protocol/reply.ts'
import { generateExchangeKey } from '../../src/protocol/seal.ts'
import type { JoinToken } from '../../src/protocol/token.ts'
import { challengePath, heartbeatPath, joinPath, proofHeader } from '../../src/protocol/wire.ts'

export interface Applicant {
  readonly uid: string
  readonly name: string
  readonly key: SigningKey
}

/** Sends a request to the replica that the next connection of a Service would lead to. */
export type Send = (path: string, body: string, headers?: Record<string, string>) => Promise<Dispatcher.ResponseData>

const versions = { operator: '0.1.0', kubernetes: 'v1.36.3' }
const k10 = { namespace: 'kasten-io', releaseName: 'k10' }
const ok = 200

export function createApplicant(name: string): Applicant {
  return { uid: randomUUID(), name, key: generateSigningKey() }
}

/** Joins, and confirms with the first heartbeat. Throws what the primary answered where it is not that. */
export async function joinOnce({ uid, name, key }: Applicant, token: JoinToken, send: Send): Promise<void> {
  const { primaryUid, primaryKey } = token
  const request = askForChallenge({ tokenId: token.id, primaryKey, thumbprint: key.thumbprint })
  const asked = challengeAnswerSchema.parse(await answerOf(await send(challengePath, JSON.stringify(request))))
  const challenge = await openChallenge(asked.challenge, { request, primaryUid, primaryKey })

  const exchangeKey = generateExchangeKey()
  const joiner = { key, uid, name, k10, versions }
  const signed = await signJoinRequest(joiner, {
    token,
    challenge,
    exchangeKey: exchangeKey.publicKey,
    now: Date.now(),
  })
  const body = JSON.stringify({ request: signed, kid: primaryKey.thumbprint })
  const { result } = joinAnswerSchema.parse(await answerOf(await send(joinPath, body)))
  const echoes = { jkt: key.thumbprint, sub: uid, cn: challenge.cn, sn: challenge.sn }
  const outcome = await openResult(result, { echoes, request: signed, primaryUid, primaryKey, exchangeKey })
  if (outcome.kind === 'refused') throw new Error(`${name} was refused: ${outcome.refusal.msg}`)
  await confirm({ key, token }, outcome.membership, send)
}

async function confirm(
  { key, token: { primaryUid, primaryKey } }: { key: SigningKey; token: JoinToken },
  membership: Membership,
  send: Send,
): Promise<void> {
  const token = membership.token.reveal()
  const path = heartbeatPath(membership.clusterName)
  const body = JSON.stringify({ versions, health: 'ok', kid: membership.keys.current.kid })
  const proof = await signPossession(key, { path, token, body }, { nonce: membership.nonce, boot: 'load' })
  const answer = await answerOf(await send(path, body, { authorization: `DPoP ${token}`, [proofHeader]: proof }))
  const { reply } = replyAnswerSchema.parse(answer)
  const { status } = await openReply(reply, { proof, thumbprint: key.thumbprint, primaryUid, primaryKey })
  if (status !== 'ok') throw new Error(`${membership.clusterName} was not confirmed: ${status}`)
}

async function answerOf({ statusCode, body }: Dispatcher.ResponseData): Promise<unknown> {
  const text = await body.text()
  if (statusCode !== ok) throw new Error(`the primary answered ${statusCode}: ${text}`)
  return JSON.parse(text)
}
