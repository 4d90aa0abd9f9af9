/**
 * The join-token Secret on the primary: its type and its data. What the user asks of the token is read in
 * `join-token-settings.ts`; what a token is, in `protocol/token.ts`.
 */
import { Redacted } from '../lib/redacted.ts'
import { group } from './group.ts'
import { decodeSecretValue, encodeSecretData, type SecretData } from './secret-data.ts'

export const joinTokenType = `${group}/join-token` as const

export interface JoinTokenData {
  readonly endpoint?: string
  /** Absent also where it has been blanked. */
  readonly token?: Redacted<string>
}

/** A token that is left out is written blank: the form after redaction. */
export function encodeJoinTokenData(data: JoinTokenData): Record<string, string> {
  return encodeSecretData({ endpoint: data.endpoint, token: data.token?.reveal() ?? '' })
}

/** Blank values count as absent. */
export function decodeJoinTokenData(data: SecretData | undefined): JoinTokenData {
  const endpoint = decodeSecretValue(data, 'endpoint')
  const token = decodeSecretValue(data, 'token')
  return {
    ...(endpoint === undefined || endpoint === '' ? {} : { endpoint }),
    ...(token === undefined || token === '' ? {} : { token: new Redacted(token) }),
  }
}
