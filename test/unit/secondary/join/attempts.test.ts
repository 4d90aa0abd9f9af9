import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Attempts, afterTry, freshAttempts } from '../../../../src/secondary/join/attempts.ts'

/** The waits of so many tries, each made when it is due. */
function waits(count: number, random: () => number): number[] {
  let attempts: Attempts = freshAttempts('hash')
  let monotonic = 0
  return Array.from({ length: count }, () => {
    attempts = afterTry(attempts, { monotonic, startedAt: 0 }, { retryAfterMs: undefined, random })
    const wait = attempts.nextAt - monotonic
    monotonic = attempts.nextAt
    return wait
  })
}

describe('the tries of a join', () => {
  it('follow each other after 1 s at first and 60 s at most', () => {
    assert.deepEqual(
      waits(6, () => 1),
      [1_000, 3_000, 9_000, 27_000, 60_000, 60_000],
    )
    assert.deepEqual(
      waits(3, () => 0),
      [1_000, 1_000, 1_000],
    )
  })

  it('slow down to five minutes after an hour', () => {
    const all = waits(80, () => 1)
    const hour = all.findIndex((_wait, index) => all.slice(0, index).reduce((a, b) => a + b, 0) >= 3_600_000)
    assert.ok(all.slice(0, hour).every((wait) => wait <= 60_000))
    assert.equal(all.at(-1), 300_000)
  })

  it('heed the wish of the primary, without slowing down the tries after it', () => {
    const options = { retryAfterMs: 10_000, random: () => 1 }
    const first = afterTry(freshAttempts('hash'), { monotonic: 0, startedAt: 0 }, options)
    assert.equal(first.nextAt, 10_000)
    const at = { monotonic: 10_000, startedAt: 0 }
    assert.equal(afterTry(first, at, { ...options, retryAfterMs: undefined }).nextAt, 13_000)
  })

  it('are counted on from an earlier process', () => {
    const options = { retryAfterMs: undefined, random: () => 0 }
    assert.equal(afterTry(freshAttempts('hash', 7), { monotonic: 0, startedAt: 0 }, options).count, 8)
  })
})
