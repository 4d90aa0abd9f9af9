/** Where messages go and how large they may be; shared by both sides. Opens no connection. */
import { z } from 'zod'

/** The part of every path that the endpoint's own path stands before. */
export const pathPrefix = '/mc/v1'
export const challengePath = `${pathPrefix}/join/challenge`
export const joinPath = `${pathPrefix}/join`
export const heartbeatPath = (clusterName: string) => `${pathPrefix}/clusters/${clusterName}/heartbeat`
export const rekeyPath = (clusterName: string) => `${pathPrefix}/clusters/${clusterName}/rekey`
export const leavePath = (clusterName: string) => `${pathPrefix}/clusters/${clusterName}/leave`

/** Largest body that the primary reads, bytes. */
export const maxRequestBytes = 16 * 1024
/** Largest answer that a secondary reads, bytes. */
export const maxAnswerBytes = 64 * 1024

/** Header with which a member sends its proof of possession. */
export const proofHeader = 'dpop'
/** Header with which the primary hands out the next nonce. */
export const nonceHeader = 'dpop-nonce'

/** Problem details (RFC 9457): every unsigned error. It changes nothing for good. */
export const problemSchema = z.object({
  type: z.string().max(256).optional(),
  title: z.string().max(256).optional(),
  status: z.int().optional(),
  code: z.string().max(64),
  detail: z.string().max(1024).optional(),
})

export type Problem = z.infer<typeof problemSchema>
