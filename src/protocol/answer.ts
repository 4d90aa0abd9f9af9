/** How a secondary judges what came back: an answer that the primary did not sign for it is nobody's answer. */
import { type Origin, protocolErrors } from './error-table.ts'
import { type ErrorCode, meaningOf, ProtocolError } from './errors.ts'

/**
 * Turns a failed verification into what it means to the one who asked: another key signed it (`PrimaryKeyMismatch`), or
 * it is no message of ours at all (`NotOurServer`).
 */
export async function believed<T>(verification: Promise<T>): Promise<T> {
  try {
    return await verification
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    const code = error.code === 'ProofInvalid' ? 'PrimaryKeyMismatch' : 'NotOurServer'
    throw new ProtocolError(code, undefined, { cause: error })
  }
}

/** Whether a text that came over the wire is a code of the table given with this kind of answer. */
export function isCodeFrom(origin: Origin, code: string): code is ErrorCode {
  return Object.hasOwn(protocolErrors, code) && meaningOf(code as ErrorCode).origins.includes(origin)
}
