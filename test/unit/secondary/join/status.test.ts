import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { annotations as names } from '../../../../src/api/group.ts'
import type { Dialect } from '../../../../src/api/mc-join.ts'
import { protocolErrors } from '../../../../src/protocol/error-table.ts'
import { ProtocolError } from '../../../../src/protocol/errors.ts'
import { freshAttempts } from '../../../../src/secondary/join/attempts.ts'
import { contactAnnotations } from '../../../../src/secondary/join/contact-teller.ts'
import {
  codeOf,
  countedAttempts,
  messages,
  progressAnnotations,
  readStatus,
  type Statement,
  type StoredStatus,
  statusToWrite,
} from '../../../../src/secondary/join/status.ts'
import { noContact } from '../../../../src/secondary/membership/heartbeat.decide.ts'

const start = Date.UTC(2030, 0, 1)
const statement: Statement = { status: 'Joining', msg: 'Busy: a; b', hash: 'h' }

type Annotations = Readonly<Record<string, string>>

/** The status after it has been written. */
function written(
  next: Statement,
  annotations: Annotations = {},
  dialect: Dialect = 'first',
  now = start,
): StoredStatus {
  const write = statusToWrite(undefined, { statement: next, annotations, dialect }, now)
  assert.ok(write)
  const stored = readStatus({ metadata: { name: 'mc-join-status', annotations: write.annotations }, data: write.data })
  assert.ok(stored)
  return stored
}

function rewrite(
  stored: StoredStatus,
  annotations: Annotations,
  now: number,
  next = statement,
  dialect: Dialect = 'first',
) {
  return statusToWrite(stored, { statement: next, annotations, dialect }, now)
}

describe('mc-join-status', () => {
  it('is not written again where it says the same', () => {
    assert.equal(rewrite(written(statement), {}, start + 3_600_000), undefined)
  })

  it('is written with a new time where it says something else', () => {
    const write = rewrite(written(statement), {}, start + 5_000, { ...statement, msg: 'ConnectRefused: a; b' })
    assert.equal(Buffer.from(write?.data['timestamp'] ?? '', 'base64').toString(), '2030-01-01T00:00:05Z')
  })

  it('is written in the words of the dialect, also where only the dialect changes', () => {
    const write = rewrite(written(statement), {}, start, statement, 'second')
    assert.equal(Buffer.from(write?.data['status'] ?? '', 'base64').toString(), 'joining')
  })

  it('keeps its time while only annotations are refreshed', () => {
    const tries = (seconds: number) => ({
      [names.attempts]: String(seconds),
      [names.lastAttempt]: new Date(start + seconds * 1000).toISOString(),
      [names.nextRetry]: new Date(start + seconds * 1000 + 9_000).toISOString(),
    })
    const stored = written(statement, tries(0))
    assert.equal(rewrite(stored, tries(29), start + 29_000), undefined)
    const write = rewrite(stored, tries(30), start + 30_000)
    assert.equal(Buffer.from(write?.data['timestamp'] ?? '', 'base64').toString(), '2030-01-01T00:00:00Z')
    assert.equal(write?.annotations[names.attempts], '30')
  })

  it('tells the last contact at most every ten minutes', () => {
    const contact = (seconds: number) =>
      contactAnnotations({ ...noContact(), lastAt: start + seconds * 1000 }, undefined)
    const stored = written(statement, contact(0))
    assert.equal(rewrite(stored, contact(599), start + 599_000), undefined)
    assert.ok(rewrite(stored, contact(600), start + 600_000))
  })

  it('tells at once when contact is lost and when it is back', () => {
    const failure = new ProtocolError('ConnectRefused', 'a', { remedy: 'b' })
    const silent = contactAnnotations({ ...noContact(), lastAt: start, failure }, undefined)
    const back = contactAnnotations({ ...noContact(), lastAt: start }, undefined)
    assert.equal(silent[names.contactError], 'ConnectRefused: a; b')
    assert.ok(rewrite(written(statement, back), silent, start))
    assert.ok(rewrite(written(statement, silent), back, start))
  })

  it('names a next try that is later than the last one, however soon it is', () => {
    const attempts = { ...freshAttempts('h'), count: 3, lastAt: start + 900, nextAt: 1_000 }
    assert.deepEqual(progressAnnotations(attempts, { monotonic: 990, now: start + 990 }), {
      [names.attempts]: '3',
      [names.lastAttempt]: '2030-01-01T00:00:00Z',
      [names.nextRetry]: '2030-01-01T00:00:02Z',
    })
  })

  it('counts tries on for the same content only, and reads nonsense as none', () => {
    const stored = written(statement, { [names.attempts]: '12' })
    assert.equal(countedAttempts(stored, 'h'), 12)
    assert.equal(countedAttempts(stored, 'other'), 0)
    assert.equal(countedAttempts(written(statement, { [names.attempts]: '-1e9' }), 'h'), 0)
  })

  it('tells of progress by codes that no error of the protocol has', () => {
    const codes = [messages.waitsForConfig('kasten-io'), messages.asking('https://hub.example')].map(codeOf)
    assert.deepEqual(codes, ['WaitingForConfig', 'InProgress'])
    for (const code of codes) assert.ok(!Object.hasOwn(protocolErrors, code), code)
  })
})
