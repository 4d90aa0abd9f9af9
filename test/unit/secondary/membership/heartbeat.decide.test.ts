import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ProtocolError } from '../../../../src/protocol/errors.ts'
import type { Reply } from '../../../../src/protocol/reply.ts'
import {
  type Contact,
  contactAfter,
  isNews,
  nextBeat,
  noContact,
} from '../../../../src/secondary/membership/heartbeat.decide.ts'

const now = Date.UTC(2030, 0, 1)
const endpoint = 'https://hub.example'
const heard = (reply: Reply, contact = noContact()) => contactAfter(contact, { kind: 'answered', reply, endpoint }, now)
const silent = (error: ProtocolError, contact: Contact) => contactAfter(contact, { kind: 'silent', error }, now + 1)
const ok: Reply = { status: 'ok', interval: 30 }

describe('what a heartbeat teaches', () => {
  it('is the word of the primary', () => {
    assert.deepEqual(heard(ok).word, { kind: 'ok' })
    assert.deepEqual(heard({ status: 'Disconnected', at: 1_893_456_000 }).word, { kind: 'disconnected', at: now })
    assert.deepEqual(heard({ status: 'UnknownCluster' }).word, { kind: 'unknown' })
    assert.deepEqual(heard({ status: 'KeyMismatch' }).word, { kind: 'other-key' })
  })

  it('is only a failure where nothing signed has come, whatever the primary said last', () => {
    const before = heard(ok)
    const after = silent(new ProtocolError('NotOurServer'), before)
    assert.deepEqual(after.word, { kind: 'ok' })
    assert.equal(after.lastAt, now)
    assert.equal(after.failure?.code, 'NotOurServer')
    assert.equal(heard(ok, after).failure, undefined)
  })

  it('is the interval that the primary wishes, from 10 s to 10 min', () => {
    assert.equal(heard({ status: 'ok', interval: 30 }).interval, 30_000)
    assert.equal(heard({ status: 'ok', interval: 0.001 }).interval, 10_000)
    assert.equal(heard({ status: 'ok', interval: 1e9 }).interval, 600_000)
  })

  it('is where the primary may be reached, and stays so while it names nothing else', () => {
    const named = heard({ ...ok, endpoints: ['https://a'] })
    assert.deepEqual(named.endpoints, ['https://a'])
    assert.deepEqual(heard(ok, named).endpoints, ['https://a'])
  })

  it('is news where somebody has to act', () => {
    const before = heard(ok)
    assert.equal(isNews(before, heard(ok, before)), false)
    assert.equal(isNews(before, heard({ status: 'UnknownCluster' }, before)), true)
    assert.equal(isNews(before, heard({ ...ok, endpoints: ['https://b'] }, before)), true)
    const refused = silent(new ProtocolError('ConnectRefused'), before)
    assert.equal(isNews(before, refused), true)
    assert.equal(isNews(refused, silent(new ProtocolError('ConnectRefused'), refused)), false)
    assert.equal(isNews(refused, silent(new ProtocolError('ConnectTimeout'), refused)), true)
    assert.equal(isNews(refused, heard(ok, refused)), true)
  })
})

describe('the next heartbeat', () => {
  it('comes after the interval, 20 % earlier or later', () => {
    const contact = heard({ status: 'ok', interval: 30 })
    assert.equal(
      nextBeat(contact, () => 0),
      24_000,
    )
    assert.equal(
      nextBeat(contact, () => 0.5),
      30_000,
    )
    assert.equal(
      nextBeat(contact, () => 1),
      36_000,
    )
  })

  it('comes later where a busy primary asks for it', () => {
    const busy = silent(new ProtocolError('Busy', undefined, { retryAfterMs: 90_000 }), heard(ok))
    assert.equal(
      nextBeat(busy, () => 0),
      90_000,
    )
  })
})
