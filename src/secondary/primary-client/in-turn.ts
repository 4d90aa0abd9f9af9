/** Endpoints are tried in turn, until one of them leads to the primary. */
import { isCodeFrom, ProtocolError } from '../../protocol/errors.ts'

/**
 * The first success. Otherwise throws what the primary itself has said, for another way to it would lead to the same
 * answer, or else the failure of the first endpoint: the one that the user prefers.
 */
export async function inTurn<T>(endpoints: readonly string[], attempt: (endpoint: string) => Promise<T>): Promise<T> {
  let first: ProtocolError | undefined
  for (const endpoint of endpoints) {
    try {
      return await attempt(endpoint)
    } catch (error) {
      if (!(error instanceof ProtocolError) || isFromPrimary(error)) throw error
      first ??= error
    }
  }
  throw first ?? new ProtocolError('EndpointInvalid', 'no endpoint of the primary may be used')
}

/** Another primary answers `PrimaryKeyMismatch` too, so that this one is worth another try. */
function isFromPrimary({ code }: ProtocolError): boolean {
  return isCodeFrom('unsigned', code) && code !== 'PrimaryKeyMismatch'
}
