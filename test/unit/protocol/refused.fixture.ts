/** What a refusal looks like to an assertion: the code that others decide by. */
import type { ErrorCode } from '../../../src/protocol/errors.ts'

/** For `assert.throws` and `assert.rejects`. */
export function refusedWith(code: ErrorCode, message?: string | RegExp): object {
  return { name: 'ProtocolError', code, ...(message === undefined ? {} : { message }) }
}
