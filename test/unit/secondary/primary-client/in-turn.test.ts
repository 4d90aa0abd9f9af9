import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ErrorCode, ProtocolError } from '../../../../src/protocol/errors.ts'
import { inTurn } from '../../../../src/secondary/primary-client/in-turn.ts'
import { refusal } from '../refused.fixture.ts'

/** Tries one endpoint per outcome; an error code fails. */
function trying(...outcomes: (ErrorCode | 'success')[]) {
  const tried: string[] = []
  const result = inTurn(
    outcomes.map((_outcome, index) => `https://${index}`),
    async (endpoint) => {
      const outcome = outcomes[tried.length] ?? 'success'
      tried.push(endpoint)
      if (outcome !== 'success') throw new ProtocolError(outcome, `${outcome} at ${endpoint}`)
      return endpoint
    },
  )
  return { result, tried }
}

describe('endpoints that are tried in turn', () => {
  it('end with the first success', async () => {
    assert.equal(await trying('ConnectRefused', 'success', 'success').result, 'https://1')
  })

  it('tell the failure of the first where all fail', async () => {
    const error = await refusal(trying('DnsFailure', 'ConnectTimeout').result)
    assert.equal(error.message, 'DnsFailure at https://0')
  })

  it('tell what a primary says before the failures of other ways', async () => {
    const { result, tried } = trying('ConnectRefused', 'PendingApproval', 'PrimaryKeyMismatch')
    assert.equal((await refusal(result)).code, 'PendingApproval')
    assert.equal(tried.length, 3)
  })

  it('go on where somebody who has taken over the first name says without a signature that the primary is busy', async () => {
    for (const code of ['Busy', 'PendingApproval', 'Internal', 'VersionTooOld', 'Malformed', 'NonceInvalid'] as const)
      assert.equal(await trying(code, 'success').result, 'https://1', code)
  })

  it('go on where another primary answers', async () => {
    assert.equal(await trying('PrimaryKeyMismatch', 'success').result, 'https://1')
  })
})
