import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseDuration } from '../../../src/api/duration.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute

describe('a duration', () => {
  for (const [text, ms] of [
    ['30s', 30 * second],
    ['15m', 15 * minute],
    ['24h', 24 * hour],
    ['7d', 7 * 24 * hour],
    ['1h30m', 90 * minute],
    ['1d2h3m4s', 26 * hour + 3 * minute + 4 * second],
    ['0s', 0],
    ['90m', 90 * minute],
  ] as const) {
    it(`of ${text} is ${ms} ms`, () => assert.equal(parseDuration(text), ms))
  }

  for (const text of [
    '',
    '30',
    's',
    '1.5h',
    '-1h',
    '+1h',
    '1h 30m',
    '30m1h',
    '1h1h',
    '1H',
    '1w',
    ' 1h',
    '1h\n',
    '1ms',
    '9999999999s',
  ]) {
    it(`is not ${JSON.stringify(text)}`, () => assert.equal(parseDuration(text), undefined))
  }
})
