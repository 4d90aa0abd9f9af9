/**
 * The Secret `mc-join-status`: where the user of a secondary sees how the join stands. Owns its keys and the casing of
 * both dialects; the message is composed by who decides.
 */
import type { Dialect } from './mc-join.ts'
import { decodeSecretValue, encodeSecretData, type SecretData } from './secret-data.ts'

export const mcJoinStatusName = 'mc-join-status'

const words = ['Joining', 'Joined', 'Rejected'] as const

/** `Joining` covers every transient fault; `Rejected` is final for this content. */
export type JoinStatusWord = (typeof words)[number]

export interface JoinStatus {
  readonly status: JoinStatusWord
  /** Empty when joined as asked. */
  readonly msg: string
  /** When this status was recorded: RFC 3339, UTC. */
  readonly timestamp: string
  /** `joinHash` of the content that this status is about. */
  readonly hash: string
}

/** The second dialect's tools match its words in lower case exactly. */
export function encodeJoinStatus(status: JoinStatus, dialect: Dialect): Record<string, string> {
  return encodeSecretData({
    status: dialect === 'first' ? status.status : status.status.toLowerCase(),
    msg: status.msg,
    timestamp: status.timestamp,
    'mc-join.hash': status.hash,
  })
}

/** Reads the words without regard to case; undefined where `status` is none of them. */
export function decodeJoinStatus(data: SecretData | undefined): JoinStatus | undefined {
  const text = decodeSecretValue(data, 'status')?.trim().toLowerCase()
  const status = words.find((word) => word.toLowerCase() === text)
  if (status === undefined) return undefined
  return {
    status,
    msg: decodeSecretValue(data, 'msg') ?? '',
    timestamp: decodeSecretValue(data, 'timestamp') ?? '',
    hash: decodeSecretValue(data, 'mc-join.hash') ?? '',
  }
}
