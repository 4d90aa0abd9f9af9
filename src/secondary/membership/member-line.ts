/**
 * The requests of one membership: each proves possession of the key to the primary, over its endpoints in turn, and opens
 * the signed reply. Keeps the connection and the nonce for the next proof; what a reply means is for others to say.
 */
import { secureRandom, toBase64url } from '../../protocol/encoding.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { serverNonce } from '../../protocol/fields.ts'
import type { PublicKey } from '../../protocol/keys.ts'
import { signPossession } from '../../protocol/possession-proof.ts'
import { openReply, type Reply, replyAnswerSchema } from '../../protocol/reply.ts'
import { proofHeader } from '../../protocol/wire.ts'
import type { Answer } from '../primary-client/answer.ts'
import { memberEndpoints } from '../primary-client/endpoints.ts'
import { located, unexpectedAnswer } from '../primary-client/failures.ts'
import { inTurn } from '../primary-client/in-turn.ts'
import type { OpenLine, PrimaryLine } from '../primary-client/line.ts'
import type { Member } from './member.ts'
import { believedKeys, trustedKeys } from './primary-keys.ts'

export interface MemberLineDeps {
  readonly openLine: OpenLine
  /** Names this run of the process; two that alternate mean a clone. */
  readonly boot: string
}

/** What a member asks: a path of the protocol, and what it says there. The key that is to sign the reply is named here. */
export interface MemberQuestion {
  readonly path: string
  readonly body: object
}

export interface SignedReply {
  readonly reply: Reply
  /** Where it came from. */
  readonly endpoint: string
}

export interface MemberLine {
  /**
   * The reply that the newest key of the primary has signed which it holds and this member trusts; of the keys in it those
   * that are good. `endpoint` is tried first: the one that answered last. Throws `ProtocolError` where no
   * endpoint led to one; rejects with the signal's reason when that is aborted.
   */
  ask(question: MemberQuestion, endpoint: string | undefined, signal: AbortSignal): Promise<SignedReply>
  /** Ends the connections; requests in flight fail. */
  close(): void
}

/** Has the form of a nonce, and is none: the primary answers it with the first real one. */
const noNonce = toBase64url(new Uint8Array(40))

/** `firstNonce` is what the join has just given, and spares a round. */
export function openMemberLine(deps: MemberLineDeps, member: Member, firstNonce?: string): MemberLine {
  const { membership, token: secretToken } = member.info
  const { primaryUid } = membership
  const { allowUntrustedTls } = member
  const believers = trustedKeys(membership).map((primaryKey) => ({
    primaryKey,
    line: deps.openLine({ primaryUid, primaryKey, allowUntrustedTls }),
  }))
  const { thumbprint } = member.key
  let nonce = firstNonce ?? noNonce

  /** One request with its own proof. The nonce of whatever answer comes is for the next. */
  async function send(
    { line, primaryKey }: Believer,
    question: MemberQuestion,
    endpoint: string,
    signal: AbortSignal,
  ): Promise<{ answer: Answer; proof: string }> {
    const { path } = question
    const body = JSON.stringify({ ...question.body, kid: primaryKey.thumbprint })
    const token = secretToken.reveal()
    const proof = await signPossession(member.key, { path, token, body }, { nonce, boot: deps.boot })
    const headers = { authorization: `DPoP ${token}`, [proofHeader]: proof }
    const answer = await line.post(endpoint, path, { body, headers }, signal)
    const next = serverNonce.safeParse(answer.nonce)
    if (next.success) nonce = next.data
    return { answer, proof }
  }

  /** A certificate that is not accepted may have been vouched for by the primary since, or be so now. */
  async function sendTrusted(...request: Parameters<typeof send>): ReturnType<typeof send> {
    const [{ line }, , endpoint, signal] = request
    try {
      return await send(...request)
    } catch (error) {
      if (!(error instanceof ProtocolError) || error.code !== 'TlsUntrusted') throw error
      // The primary answers any token id alike.
      await line.introduce(endpoint, { tokenId: toBase64url(secureRandom(12)), thumbprint }, signal)
      return send(...request)
    }
  }

  async function askBy(...request: Parameters<typeof send>): Promise<SignedReply> {
    const [{ primaryKey }, , endpoint] = request
    const tried = nonce
    let { answer, proof } = await sendTrusted(...request)
    if (answer.status === 401 && nonce !== tried) ({ answer, proof } = await send(...request))
    const parsed = replyAnswerSchema.safeParse(answer.body)
    if (!parsed.success) throw unexpectedAnswer(answer, endpoint)
    const reply = await openReply(parsed.data.reply, { proof, thumbprint, primaryUid, primaryKey })
    return { reply: await withGoodKeys(reply, primaryUid), endpoint }
  }

  /** A primary that came back from a backup may not hold the key that it had announced: the one before it is good still. */
  async function askAt(question: MemberQuestion, endpoint: string, signal: AbortSignal): Promise<SignedReply> {
    let mismatch: unknown
    for (const believer of believers)
      try {
        return await askBy(believer, question, endpoint, signal)
      } catch (error) {
        if (!(error instanceof ProtocolError) || error.code !== 'PrimaryKeyMismatch') throw error
        mismatch = error
      }
    throw mismatch
  }

  return {
    async ask(question, endpoint, signal) {
      const known = memberEndpoints(membership, member.allowHttp)
      const endpoints = endpoint !== undefined && known.includes(endpoint) ? [endpoint, ...known] : known
      return inTurn([...new Set(endpoints)], async (url) => {
        try {
          return await askAt(question, url, signal)
        } catch (error) {
          throw error instanceof ProtocolError ? located(error, url) : error
        }
      })
    },
    close() {
      for (const { line } of believers) line.close()
    },
  }
}

/** Believes what one key of the primary has signed. */
interface Believer {
  readonly primaryKey: PublicKey
  readonly line: PrimaryLine
}

async function withGoodKeys(reply: Reply, primaryUid: string): Promise<Reply> {
  if (reply.status !== 'ok' || reply.keys === undefined) return reply
  return { ...reply, keys: await believedKeys(reply.keys, primaryUid) }
}
