import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ProtocolError } from '../../../../src/protocol/errors.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { heartbeatBy, issuer, primaryWith } from './heartbeat-service.fixture.ts'

/** A stranger with a key and a nonce of his own sends a token that this signer has made; gives answer and looks. */
async function send(signer: typeof issuer) {
  const { service, looks } = primaryWith()
  const answered = await service.heartbeat(await heartbeatBy(generateSigningKey(), { signer })).then(
    ({ status }) => status,
    (error: unknown) => (error instanceof ProtocolError ? error.code : error),
  )
  return { answered, looks: looks.toSorted() }
}

describe('a stranger who makes up a communication token', () => {
  it('is turned away without a look at the API server', async () => {
    const other = generateSigningKey()
    const forged = await send({ ...issuer, key: other })
    assert.deepEqual(forged, { answered: 'ProofInvalid', looks: [] })
  })

  it('is not taken for a former member, who gets one', async () => {
    assert.deepEqual(await send(issuer), { answered: 404, looks: ['cluster', 'tombstone'] })
  })
})
