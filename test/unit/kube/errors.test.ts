import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import {
  errorFromAnswer,
  errorFromNetwork,
  errorFromWatchEvent,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isNotFound,
  KubeApiError,
  parseAnswer,
} from '../../../src/kube/errors.ts'

const subject = { verb: 'get', resource: 'secrets', objectName: 'ns/a' }

function status(reason: string, message: string, details?: object): string {
  return JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message, details })
}

describe('an error of the Kubernetes API', () => {
  it('says what was asked, what came back and why', () => {
    const body = status('Forbidden', 'secrets "a" is forbidden: User "u" cannot get it', { name: 'a' })
    const error = errorFromAnswer(subject, { status: 403, body })
    assert.equal(error.message, 'get secrets ns/a: 403 Forbidden: secrets "a" is forbidden: User "u" cannot get it')
    const { status: code, reason, verb, resource, objectName } = error
    assert.deepEqual([code, reason, verb, resource, objectName], [403, 'Forbidden', 'get', 'secrets', 'ns/a'])
  })

  it('tells a missing object from a kind that is not served', () => {
    const missing = errorFromAnswer(subject, { status: 404, body: status('NotFound', '', { name: 'a' }) })
    const builtIn = errorFromAnswer(subject, {
      status: 404,
      body: status('NotFound', 'the server could not find the requested resource', {}),
    })
    const custom = errorFromAnswer(subject, { status: 404, body: '404 page not found\n' })
    assert.deepEqual([missing, builtIn, custom].map(isNotFound), [true, false, false])
    assert.equal(custom.reason, 'NoSuchResource')
  })

  it('leaves out the text of an answer that is not from Kubernetes', () => {
    const error = errorFromAnswer(subject, { status: 502, body: '<html>token=abc</html>' })
    assert.equal(error.message, 'get secrets ns/a: 502 Unknown: the answer is not a Kubernetes Status')
    assert.equal(errorFromAnswer(subject, { status: 502, body: 'null' }).reason, 'Unknown')
  })

  it('cuts an endless message', () => {
    const error = errorFromAnswer(subject, { status: 422, body: status('Invalid', 'x'.repeat(100_000)) })
    assert.ok(error.message.length < 1100)
  })

  it('tells how long to stay away, from the header or from the Status', () => {
    const answer = { status: 429, body: status('TooManyRequests', 'slow down', { retryAfterSeconds: 7 }) }
    assert.equal(errorFromAnswer(subject, answer).retryAfterMs, 7000)
    assert.equal(errorFromAnswer(subject, { ...answer, retryAfter: '2' }).retryAfterMs, 2000)
    assert.equal(errorFromAnswer(subject, { status: 503, body: '', retryAfter: 'tomorrow' }).retryAfterMs, undefined)
  })

  it('stays away for five minutes at most, whatever is asked for', () => {
    for (const retryAfter of ['301', '86400', '1e400']) {
      assert.equal(errorFromAnswer(subject, { status: 429, body: '', retryAfter }).retryAfterMs, 300_000)
    }
    for (const retryAfter of ['0', '-5', '', 'NaN']) {
      assert.equal(errorFromAnswer(subject, { status: 429, body: '', retryAfter }).retryAfterMs, undefined)
    }
  })

  it('keeps the cause of a network failure', () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' })
    const error = errorFromNetwork(subject, cause)
    assert.equal(error.message, 'get secrets ns/a: 0 ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:1')
    assert.equal(error.status, 0)
    assert.equal(error.cause, cause)
  })

  it('does not quote an answer that is not JSON: it may be a Secret', () => {
    assert.throws(
      () => parseAnswer(subject, '{"data":{"token":"c2VjcmV0'),
      (error) => error instanceof KubeApiError && error.reason === 'NotJson' && !inspect(error).includes('c2Vj'),
    )
    assert.deepEqual(parseAnswer(subject, '{"data":{}}'), { data: {} })
  })

  it('reads the Status inside a watch', () => {
    const error = errorFromWatchEvent(subject, { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' })
    assert.equal(error.status, 410)
    assert.equal(errorFromWatchEvent(subject, undefined).status, 500)
  })

  it('answers for one reason only', () => {
    const questions = {
      AlreadyExists: isAlreadyExists,
      Conflict: isConflict,
      Forbidden: isForbidden,
    }
    for (const reason of Object.keys(questions)) {
      const error = errorFromAnswer(subject, { status: 409, body: status(reason, '') })
      const matching = Object.entries(questions).filter(([, is]) => is(error))
      assert.deepEqual(
        matching.map(([name]) => name),
        [reason],
      )
    }
    assert.equal(isConflict(new Error('Conflict')), false)
  })
})
