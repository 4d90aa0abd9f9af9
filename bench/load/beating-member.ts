/** One member that lives: it sends a heartbeat when it is told to, and believes only what its primary has signed. */

import type { Dispatcher } from 'undici'
import { toBase64url } from '../../src/protocol/encoding.ts'
import type { Issuer } from '../../src/protocol/issuer.ts'
import { signMembershipToken } from '../../src/protocol/membership-token.ts'
import { signPossession } from '../../src/protocol/possession-proof.ts'
import { openReply, replyAnswerSchema } from '../../src/protocol/reply.ts'
import { heartbeatPath, nonceHeader, problemSchema, proofHeader } from '../../src/protocol/wire.ts'
import { type FleetMember, fleetVersions } from '../fleet/member.ts'

/** How a heartbeat was answered. */
export interface BeatAnswer {
  /** `ok`, or what the primary says instead. */
  readonly says: string
  /** From the request to the whole answer, milliseconds. */
  readonly ms: number
  /** Until the next one, milliseconds; absent where the answer says nothing of it. */
  readonly interval?: number
}

export interface BeatingMember {
  readonly name: string
  /** Rejects where no answer comes. */
  beat(): Promise<BeatAnswer>
}

/** Sends who has none, to be given one. */
const noNonce = toBase64url(Buffer.alloc(40))

/** `issuer` is the primary itself: its token is made here, for the bench has its key. */
export async function createBeatingMember(
  { name, uid, key }: FleetMember,
  issuer: Issuer,
  connection: { readonly origin: string; readonly dispatcher: Dispatcher },
): Promise<BeatingMember> {
  const token = await signMembershipToken(issuer, { clusterName: name, uid, thumbprint: key.thumbprint }, Date.now())
  const path = heartbeatPath(name)
  const body = JSON.stringify({ versions: fleetVersions, health: 'ok', kid: issuer.key.thumbprint })
  const headers = { 'content-type': 'application/json', authorization: `DPoP ${token}` }
  let nonce = noNonce

  async function ask(): Promise<BeatAnswer> {
    const proof = await signPossession(key, { path, token, body }, { nonce, boot: 'load' })
    const startedAt = performance.now()
    const answer = await connection.dispatcher.request({
      origin: connection.origin,
      path,
      method: 'POST',
      headers: { ...headers, [proofHeader]: proof },
      body,
    })
    const text = await answer.body.text()
    const ms = performance.now() - startedAt
    nonce = [answer.headers[nonceHeader]].flat()[0] ?? nonce
    if (answer.statusCode >= 400) return { says: codeOf(text), ms }
    const { reply } = replyAnswerSchema.parse(JSON.parse(text))
    const { uid: primaryUid, key: primaryKey } = issuer
    const said = await openReply(reply, { proof, thumbprint: key.thumbprint, primaryUid, primaryKey })
    return said.status === 'ok' ? { says: 'ok', ms, interval: said.interval * 1000 } : { says: said.status, ms }
  }

  return {
    name,
    async beat() {
      const answer = await ask()
      // As a secondary does: once more with the nonce that has just come.
      return answer.says === 'NonceInvalid' ? ask() : answer
    },
  }
}

function codeOf(text: string): string {
  const { success, data } = problemSchema.safeParse(JSON.parse(text))
  return success ? data.code : 'a signed refusal'
}
