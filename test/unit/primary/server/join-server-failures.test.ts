/** What the join endpoint answers where a service fails: the word of the table, and never one of the failure itself. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KubeApiError } from '../../../../src/kube/errors.ts'
import type { JoinServerDeps } from '../../../../src/primary/server/join-server.ts'
import { type ErrorCode, meaningOf, ProtocolError } from '../../../../src/protocol/errors.ts'
import { joinPath } from '../../../../src/protocol/wire.ts'
import { createRecordingLog } from '../../kube/recording-log.ts'
import { ask, assertProblem, routes } from './problems.fixture.ts'

describe('what a service throws', () => {
  function failing(error: Error, deps: Partial<JoinServerDeps> = {}) {
    const fail = async () => {
      throw error
    }
    return ask({
      ...deps,
      joins: { challenge: fail, join: fail },
      heartbeats: { heartbeat: fail },
      rekeys: { rekey: fail },
      leaves: { leave: fail },
    })
  }

  it('is answered by the status and the code of the table, without a word of its cause', async () => {
    const cause = new Error('secret-inside')
    for (const code of [
      'Malformed',
      'NonceInvalid',
      'ProofInvalid',
      'PrimaryKeyMismatch',
      'VersionTooOld',
    ] as const satisfies ErrorCode[])
      for (const route of routes)
        assertProblem(
          await failing(new ProtocolError(code, undefined, { cause }))(route),
          meaningOf(code).http,
          code,
          code,
        )
  })

  it('is a 503 that says when to come back, where the primary is busy', async () => {
    const later = await failing(new ProtocolError('Busy', undefined, { retryAfterMs: 2_300 }))(joinPath)
    assertProblem(later, 503, 'Busy', 'later')
    assert.equal(later.headers['retry-after'], '3')
    assert.equal((await failing(new ProtocolError('Busy'))(joinPath)).headers['retry-after'], '1')
  })

  it('is a 503 where the API server does not answer, and its words go to the log only', async () => {
    const { log, lines } = createRecordingLog()
    const subject = { verb: 'get', resource: 'secrets', objectName: 'kasten-io-mc/secret-inside' }
    for (const status of [0, 403, 404, 409, 429, 500, 504]) {
      const error = new KubeApiError(subject, { status, reason: 'secret-inside', message: 'secret-inside' })
      const response = await failing(error, { log })(joinPath)
      assertProblem(response, 503, 'Busy', String(status))
      assert.equal(response.headers['retry-after'], '1')
    }
    assert.equal(lines.filter(({ level }) => level === 'warn').length, 7)
  })

  it('is a 500 without a word of it, and a line for the operator, where it is a fault of ours', async () => {
    const { log, lines } = createRecordingLog()
    const error = new TypeError('secret-inside is not a function')
    for (const route of routes) assertProblem(await failing(error, { log })(route), 500, 'Internal', route)
    assert.deepEqual(
      lines.map(({ level, fields }) => [level, fields['err']]),
      routes.map(() => ['error', error]),
    )
  })

  it('leaves no line that an operator reads, where anybody can cause it', async () => {
    const { log, lines } = createRecordingLog()
    await failing(new ProtocolError('ProofInvalid'), { log })(joinPath)
    await failing(new ProtocolError('ProofInvalid'), { log })('/nowhere')
    await failing(new ProtocolError('ProofInvalid'), { log })(joinPath, 'x')
    assert.deepEqual(new Set(lines.map(({ level }) => level)), new Set(['debug']))
  })
})
