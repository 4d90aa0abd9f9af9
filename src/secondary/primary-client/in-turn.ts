/** Endpoints are tried in turn, until one of them leads to the primary. */
import { isCodeFrom } from '../../protocol/answer.ts'
import { ProtocolError } from '../../protocol/errors.ts'

/**
 * The first success. Otherwise throws what a primary seems to have said, or else the failure of the first endpoint: the one
 * that the user prefers. An answer without a signature ends no turn: whoever has taken over one name would close all of them.
 */
export async function inTurn<T>(endpoints: readonly string[], attempt: (endpoint: string) => Promise<T>): Promise<T> {
  let first: ProtocolError | undefined
  let said: ProtocolError | undefined
  for (const endpoint of endpoints) {
    try {
      return await attempt(endpoint)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      first ??= error
      if (isFromPrimary(error)) said ??= error
    }
  }
  throw said ?? first ?? new ProtocolError('EndpointInvalid', 'no endpoint of the primary may be used')
}

/** Another primary answers `PrimaryKeyMismatch` too, which tells no more than a failure. */
function isFromPrimary({ code }: ProtocolError): boolean {
  return isCodeFrom('unsigned', code) && code !== 'PrimaryKeyMismatch'
}
