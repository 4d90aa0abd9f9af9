import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeJoinStatus, encodeJoinStatus } from '../../../src/api/mc-join-status.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const rejected = {
  status: 'Rejected',
  msg: 'TokenInvalid: Invalid join token; create a new join token on the primary',
  timestamp: '2026-01-31T12:00:00Z',
  hash: 'ab'.repeat(32),
} as const

describe('mc-join-status', () => {
  it('has the four keys that users read, and the words of the first dialect', () => {
    assert.deepEqual(encodeJoinStatus(rejected, 'first'), {
      status: base64('Rejected'),
      msg: base64(rejected.msg),
      timestamp: base64(rejected.timestamp),
      'mc-join.hash': base64(rejected.hash),
    })
  })

  it('has the words of the second dialect in lower case', () => {
    for (const [status, word] of [
      ['Joining', 'joining'],
      ['Joined', 'joined'],
      ['Rejected', 'rejected'],
    ] as const)
      assert.equal(encodeJoinStatus({ ...rejected, status }, 'second')['status'], base64(word))
  })

  it('has a message that is empty, not absent, when joined as asked', () => {
    assert.equal(encodeJoinStatus({ ...rejected, status: 'Joined', msg: '' }, 'first')['msg'], '')
  })

  it('is read back from both dialects and any other casing', () => {
    assert.deepEqual(decodeJoinStatus(encodeJoinStatus(rejected, 'first')), rejected)
    assert.deepEqual(decodeJoinStatus(encodeJoinStatus(rejected, 'second')), rejected)
    assert.equal(decodeJoinStatus({ status: base64('REJECTED\n') })?.status, 'Rejected')
  })

  it('is not read from a Secret that says something else', () => {
    for (const data of [undefined, {}, { status: '' }, { status: base64('Join') }])
      assert.equal(decodeJoinStatus(data), undefined)
  })
})
