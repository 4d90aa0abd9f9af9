/**
 * The primary's signed answer to a member, bound to the proof it answers. A member believes nothing else: neither a bare
 * 200 nor a status code changes its state.
 */
import { z } from 'zod'
import { believed } from './answer.ts'
import { sha256 } from './encoding.ts'
import { ProtocolError } from './errors.ts'
import * as field from './fields.ts'
import type { Issuer } from './issuer.ts'
import { signJws, verifyJws } from './jws.ts'
import type { PublicKey } from './keys.ts'

export const replyAnswerSchema = z.object({ reply: field.compactJws })

/** What is remembered of a heartbeat, and told to other replicas. */
export const heartbeatSchema = z.object({
  versions: field.versions,
  /** `ok`, or one word that says what is wrong. */
  health: field.freeText,
  kid: field.thumbprint.optional(),
})

/** A heartbeat as it is sent. */
export const heartbeatBodySchema = heartbeatSchema.extend({ labels: field.labels.optional() })

/** What a member says when it leaves; who it is stands in the proof. */
export const leaveSchema = z.object({ kid: field.thumbprint.optional() })

const bindingShape = { iss: field.clusterUid, aud: field.thumbprint, reqh: field.hash }

const replyClaims = z.discriminatedUnion('status', [
  z.object({
    ...bindingShape,
    status: z.literal('ok'),
    interval: field.interval,
    token: field.compactJws.optional(),
    keys: field.keys.optional(),
    endpoints: field.endpoints.optional(),
  }),
  z.object({ ...bindingShape, status: z.literal('Disconnected'), at: field.time }),
  z.object({ ...bindingShape, status: z.literal('UnknownCluster') }),
  z.object({ ...bindingShape, status: z.literal('KeyMismatch') }),
])

type ReplyClaims = z.infer<typeof replyClaims>
type WithoutBinding<T> = T extends unknown ? Omit<T, keyof typeof bindingShape> : never

export type Heartbeat = z.infer<typeof heartbeatSchema>
export type HeartbeatBody = z.infer<typeof heartbeatBodySchema>
export type Reply = WithoutBinding<ReplyClaims>

/** HTTP status of each reply; it helps logs and proxies, and nobody decides by it. */
export const replyStatus = {
  ok: 200,
  Disconnected: 410,
  UnknownCluster: 404,
  KeyMismatch: 403,
} as const satisfies Record<Reply['status'], number>

/** Primary: signs the reply to the request that `proof` belongs to. */
export async function signReply(
  issuer: Issuer,
  request: { proof: string; thumbprint: string },
  reply: Reply,
): Promise<string> {
  const claims = { iss: issuer.uid, aud: request.thumbprint, reqh: sha256(request.proof), ...reply }
  return signJws(issuer.key, 'mcj-reply+jwt', claims, { kid: issuer.key.thumbprint })
}

/** Secondary: opens the reply to its own request. Throws `NotOurServer` or `PrimaryKeyMismatch`. */
export async function openReply(
  compact: string,
  expected: { proof: string; thumbprint: string; primaryUid: string; primaryKey: PublicKey },
): Promise<Reply> {
  const claims = await believed(
    verifyJws(compact, { typ: 'mcj-reply+jwt', key: expected.primaryKey, claims: replyClaims }),
  )
  const { iss, aud, reqh, ...reply } = claims
  if (iss !== expected.primaryUid || aud !== expected.thumbprint || reqh !== sha256(expected.proof))
    throw new ProtocolError('NotOurServer', 'the reply belongs to another request')
  return reply
}
