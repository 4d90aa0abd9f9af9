/** The version of an API server that is upgraded, does not answer for a while, or is asked no more. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KubeApiError } from '../../../src/kube/errors.ts'
import { askAgainAfter, followServerVersion } from '../../../src/kube/server-version.ts'
import type { KubeTransport } from '../../../src/kube/transport.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import { createRecordingLog } from './recording-log.ts'

function serverWith(version: string) {
  const server = { version: version as string | undefined, asked: 0 }
  const transport: Pick<KubeTransport, 'request'> = {
    async request({ subject }) {
      server.asked += 1
      if (server.version !== undefined) return { gitVersion: server.version }
      throw new KubeApiError(subject, { status: 503, reason: 'ServiceUnavailable', message: 'down' })
    },
  }
  const clock = createManualClock()
  const abort = new AbortController()
  const follow = async () =>
    followServerVersion(transport, { clock, log: createRecordingLog().log, signal: abort.signal })
  return { server, clock, abort, follow }
}

describe('the version of the API server', () => {
  it('follows an upgrade within an hour', async () => {
    const { server, clock, follow } = serverWith('v1.36.3')
    const version = await follow()
    assert.equal(version(), 'v1.36.3')
    server.version = 'v1.37.0'
    await clock.advance(askAgainAfter)
    assert.equal(version(), 'v1.37.0')
  })

  it('stays what it was where there is no answer, and is asked for again', async () => {
    const { server, clock, follow } = serverWith('v1.36.3')
    const version = await follow()
    server.version = undefined
    await clock.advance(askAgainAfter)
    assert.deepEqual([version(), server.asked], ['v1.36.3', 2])
    server.version = 'v1.37.0'
    await clock.advance(askAgainAfter)
    assert.equal(version(), 'v1.37.0')
  })

  it('is asked for no more when the process stops', async () => {
    const { server, clock, abort, follow } = serverWith('v1.36.3')
    await follow()
    abort.abort(new Error('stopped'))
    await clock.advance(3 * askAgainAfter)
    assert.equal(server.asked, 1)
  })

  it('is an error in the beginning where there is no answer', async () => {
    const { server, follow } = serverWith('v1.36.3')
    server.version = undefined
    await assert.rejects(follow(), KubeApiError)
  })
})
