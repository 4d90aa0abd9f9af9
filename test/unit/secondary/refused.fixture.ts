/** The error of the protocol that a promise rejects with. */
import assert from 'node:assert/strict'
import { ProtocolError } from '../../../src/protocol/errors.ts'

export async function refusal(promise: Promise<unknown>): Promise<ProtocolError> {
  try {
    await promise
  } catch (error) {
    assert.ok(error instanceof ProtocolError, `an error of the protocol, not ${String(error)}`)
    return error
  }
  assert.fail('it was not refused')
}
