import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { formatTimestamp, parseTimestamp } from '../../../src/api/timestamp.ts'

describe('a timestamp', () => {
  it('is written in UTC with whole seconds', () => {
    assert.equal(formatTimestamp(Date.UTC(2026, 0, 31, 12, 0, 5, 678)), '2026-01-31T12:00:05Z')
  })

  it('is read back to the second it was written for', () => {
    const year9999 = Date.UTC(9999, 0)
    fc.assert(
      fc.property(fc.integer({ min: 0, max: year9999 }), (ms) => {
        assert.equal(parseTimestamp(formatTimestamp(ms)), Math.floor(ms / 1000) * 1000)
      }),
    )
  })

  for (const [text, ms] of [
    ['2026-01-31T12:00:00+02:00', Date.UTC(2026, 0, 31, 10)],
    ['2026-01-31T23:30:00-01:00', Date.UTC(2026, 1, 1, 0, 30)],
    ['2026-01-31t12:00:00.25z', Date.UTC(2026, 0, 31, 12, 0, 0, 250)],
    ['2028-02-29T00:00:00Z', Date.UTC(2028, 1, 29)],
  ] as const) {
    it(`is read from ${text}`, () => assert.equal(parseTimestamp(text), ms))
  }

  for (const text of [
    '',
    'tomorrow',
    '2026-01-31',
    '2026-01-31T12:00:00',
    '2026-02-30T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-31T25:00:00Z',
    '2026-01-31T12:60:00Z',
    '2026-01-31 12:00:00Z',
    '1769860800',
  ]) {
    it(`is not ${JSON.stringify(text)}`, () => assert.equal(parseTimestamp(text), undefined))
  }
})
