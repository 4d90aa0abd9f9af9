/**
 * The heartbeats of one membership: each proves possession of the key to the primary, over its endpoints in turn, and
 * opens the signed reply. Keeps the connection and the nonce for the next proof; what a reply means is decided in
 * `heartbeat.decide.ts`.
 */
import { secureRandom, toBase64url } from '../../protocol/encoding.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { serverNonce, type Versions } from '../../protocol/fields.ts'
import { publicKeyFrom } from '../../protocol/keys.ts'
import { signPossession } from '../../protocol/possession-proof.ts'
import { type Heartbeat, openReply, replyAnswerSchema } from '../../protocol/reply.ts'
import { heartbeatPath, proofHeader } from '../../protocol/wire.ts'
import type { Answer } from '../primary-client/answer.ts'
import { memberEndpoints } from '../primary-client/endpoints.ts'
import { located, unexpectedAnswer } from '../primary-client/failures.ts'
import { inTurn } from '../primary-client/in-turn.ts'
import type { OpenLine } from '../primary-client/line.ts'
import type { Beat } from './heartbeat.decide.ts'
import type { Member } from './member.ts'

export interface BeatDeps {
  readonly openLine: OpenLine
  readonly versions: Versions
  /** Names this run of the process; two that alternate mean a clone. */
  readonly boot: string
}

export interface Heartbeats {
  /** Never rejects but with the signal's reason. `endpoint` is tried first: the one that answered last. */
  beat(endpoint: string | undefined, signal: AbortSignal): Promise<Beat>
  close(): void
}

/** Has the form of a nonce, and is none: the primary answers it with the first real one. */
const noNonce = toBase64url(new Uint8Array(40))

export function openHeartbeats(deps: BeatDeps, member: Member, firstNonce: string | undefined): Heartbeats {
  const { membership, token: secretToken } = member.info
  const primaryKey = publicKeyFrom(membership.keys.current.x)
  const { primaryUid } = membership
  const line = deps.openLine({ primaryUid, primaryKey, allowUntrustedTls: member.allowUntrustedTls })
  const path = heartbeatPath(membership.clusterName)
  const heartbeat: Heartbeat = { versions: deps.versions, health: 'ok', kid: primaryKey.thumbprint }
  const body = JSON.stringify(heartbeat)
  const { thumbprint } = member.key
  let nonce = firstNonce ?? noNonce

  /** One request with its own proof. The nonce of whatever answer comes is for the next. */
  async function ask(endpoint: string, signal: AbortSignal): Promise<{ answer: Answer; proof: string }> {
    const token = secretToken.reveal()
    const proof = await signPossession(member.key, { path, token, body }, { nonce, boot: deps.boot })
    const headers = { authorization: `DPoP ${token}`, [proofHeader]: proof }
    const answer = await line.post(endpoint, path, { body, headers }, signal)
    const next = serverNonce.safeParse(answer.nonce)
    if (next.success) nonce = next.data
    return { answer, proof }
  }

  /** A certificate that is not accepted may have been vouched for by the primary since, or be so now. */
  async function askTrusted(endpoint: string, signal: AbortSignal): ReturnType<typeof ask> {
    try {
      return await ask(endpoint, signal)
    } catch (error) {
      if (!(error instanceof ProtocolError) || error.code !== 'TlsUntrusted') throw error
      // The primary answers any token id alike.
      await line.introduce(endpoint, { tokenId: toBase64url(secureRandom(12)), thumbprint }, signal)
      return ask(endpoint, signal)
    }
  }

  async function beatAt(endpoint: string, signal: AbortSignal): Promise<Beat> {
    const tried = nonce
    let { answer, proof } = await askTrusted(endpoint, signal)
    if (answer.status === 401 && nonce !== tried) ({ answer, proof } = await ask(endpoint, signal))
    const parsed = replyAnswerSchema.safeParse(answer.body)
    if (!parsed.success) throw unexpectedAnswer(answer, endpoint)
    const reply = await openReply(parsed.data.reply, { proof, thumbprint, primaryUid, primaryKey })
    return { kind: 'answered', reply, endpoint }
  }

  return {
    async beat(endpoint, signal) {
      const known = memberEndpoints(membership, member.allowHttp)
      const endpoints = endpoint !== undefined && known.includes(endpoint) ? [endpoint, ...known] : known
      try {
        return await inTurn([...new Set(endpoints)], async (url) => {
          try {
            return await beatAt(url, signal)
          } catch (error) {
            throw error instanceof ProtocolError ? located(error, url) : error
          }
        })
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof ProtocolError) return { kind: 'silent', error }
        throw error
      }
    },
    close: () => line.close(),
  }
}
