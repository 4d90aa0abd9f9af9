/** Waits between tries: their bounds hold for every state and every random number. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { type BackoffLimits, decorrelatedJitter, exponentialBackoff } from '../../../src/lib/backoff.ts'

const limits: fc.Arbitrary<BackoffLimits> = fc
  .tuple(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 1_000 }))
  .map(([base, factor]) => ({ base, cap: base * factor }))
/** What `Math.random` may return: zero included, one excluded. */
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const attempt = fc.oneof(fc.nat(60), fc.constant(Number.MAX_SAFE_INTEGER))

describe('doubling backoff', () => {
  it('never waits longer than the cap nor less than half of the base', () => {
    fc.assert(
      fc.property(attempt, limits, random, (attempt, limits, drawn) => {
        const wait = exponentialBackoff(attempt, limits, () => drawn)
        assert.ok(wait >= limits.base / 2, `${wait} is under half of the base`)
        assert.ok(wait <= limits.cap, `${wait} is over the cap`)
      }),
    )
  })

  it('spreads an attempt over the upper half of its ceiling, twice that of the attempt before', () => {
    const limits = { base: 100, cap: 1_000 }
    const least = [0, 1, 2, 3, 4, 5].map((attempt) => exponentialBackoff(attempt, limits, () => 0))
    const most = [0, 1, 2, 3, 4, 5].map((attempt) => exponentialBackoff(attempt, limits, () => 1))
    assert.deepEqual(least, [50, 100, 200, 400, 500, 500])
    assert.deepEqual(most, [100, 200, 400, 800, 1_000, 1_000])
  })

  it('does not shrink as attempts go on', () => {
    fc.assert(
      fc.property(fc.nat(1_000), limits, random, (attempt, limits, drawn) => {
        const [first, second] = [attempt, attempt + 1].map((n) => exponentialBackoff(n, limits, () => drawn))
        assert.ok(Number(second) >= Number(first))
      }),
    )
  })

  it('draws its randomness from the machine where none is given', () => {
    const waits = new Set(Array.from({ length: 50 }, () => exponentialBackoff(3, { base: 100, cap: 10_000 })))
    assert.ok(waits.size > 1)
  })
})

describe('decorrelated jitter', () => {
  it('stays between the base and the cap, whatever came before', () => {
    fc.assert(
      fc.property(fc.array(random, { minLength: 1, maxLength: 30 }), limits, (draws, limits) => {
        let wait = 0
        for (const drawn of draws) {
          const upper = Math.max(limits.base, 3 * wait)
          wait = decorrelatedJitter(wait, limits, () => drawn)
          assert.ok(wait >= limits.base && wait <= limits.cap, `${wait} is out of bounds`)
          assert.ok(wait <= upper, `${wait} is over three times the wait before`)
        }
      }),
    )
  })

  it('begins with the base', () => {
    assert.equal(
      decorrelatedJitter(0, { base: 1_000, cap: 60_000 }, () => 0.9),
      1_000,
    )
  })

  it('reaches the cap when luck is bad, and stays there', () => {
    const limits = { base: 1_000, cap: 60_000 }
    let wait = 0
    for (let n = 0; n < 6; n += 1) wait = decorrelatedJitter(wait, limits, () => 0.999)
    assert.equal(wait, 60_000)
    assert.equal(
      decorrelatedJitter(wait, limits, () => 0.999),
      60_000,
    )
  })

  it('spreads two clients that failed together', () => {
    const limits = { base: 1_000, cap: 60_000 }
    const next = (drawn: number) => decorrelatedJitter(2_000, limits, () => drawn)
    assert.deepEqual([next(0), next(0.5)], [1_000, 3_500])
  })
})
