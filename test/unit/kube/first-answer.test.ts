import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errorFromAnswer, errorFromNetwork } from '../../../src/kube/errors.ts'
import { firstAnswer } from '../../../src/kube/first-answer.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import { createRecordingLog } from './recording-log.ts'
import { apiError } from './scripted-client.ts'

const subject = { verb: 'get', resource: 'version' }
const refused = errorFromNetwork(subject, Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }))

/** A process whose first request meets these failures, and then an answer. */
function start(failures: readonly Error[]) {
  const clock = createManualClock()
  const log = createRecordingLog()
  const stop = new AbortController()
  const askedAt: number[] = []
  const answer = firstAnswer(
    async () => {
      askedAt.push(clock.monotonic())
      const failure = failures[askedAt.length - 1]
      if (failure !== undefined) throw failure
      return 'v1.36.3'
    },
    { clock, log: log.log, signal: stop.signal },
  )
  // It may fail before the test looks.
  answer.catch(() => undefined)
  return { clock, log, stop, askedAt, answer }
}

describe('a process that starts while its API server is away', () => {
  it('waits for it, a few seconds between two tries, and warns once', async () => {
    const failures = [refused, apiError(503, 'ServiceUnavailable'), apiError(500, 'InternalError')]
    const { clock, log, askedAt, answer } = start([...failures, ...Array.from({ length: 20 }, () => refused)])
    await clock.advance(200_000)
    assert.equal(await answer, 'v1.36.3')
    assert.equal(askedAt.length, 24)
    const waits = askedAt.slice(1).map((at, index) => at - (askedAt[index] ?? 0))
    assert.ok(Math.max(...waits) <= 5_000, `the longest wait: ${Math.max(...waits)} ms`)
    assert.ok(Math.min(...waits) >= 250, `the shortest wait: ${Math.min(...waits)} ms`)
    assert.equal(log.lines.filter(({ level }) => level === 'warn').length, 1)
  })

  it('heeds one that asks to be left alone', async () => {
    const { clock, askedAt, answer } = start([errorFromAnswer(subject, { status: 429, body: '{}', retryAfter: '30' })])
    await clock.advance(29_999)
    assert.equal(askedAt.length, 1)
    await clock.advance(1)
    assert.equal(await answer, 'v1.36.3')
  })

  it('does not wait for what waiting does not mend', async () => {
    for (const error of [apiError(401, 'Unauthorized'), apiError(403, 'Forbidden'), new Error('no such file')])
      await assert.rejects(start([error]).answer, error)
  })

  it('ends at once when it is told to', async () => {
    const { clock, stop, answer } = start([refused])
    await clock.timers(1)
    stop.abort(new Error('stopped'))
    await assert.rejects(answer, { message: 'stopped' })
  })

  it('ends at once when it is told to before an answer has come', async () => {
    const stop = new AbortController()
    const waiting = { clock: createManualClock(), log: createRecordingLog().log, signal: stop.signal }
    const answer = firstAnswer(async () => Promise.withResolvers<never>().promise, waiting)
    stop.abort(new Error('stopped'))
    await assert.rejects(answer, { message: 'stopped' })
  })
})
