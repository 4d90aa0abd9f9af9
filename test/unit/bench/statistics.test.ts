import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { exponentOf, median, percentile } from '../../../bench/measure/statistics.ts'

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)

  it('is a value that was measured, whatever the order', () => {
    assert.equal(percentile(hundred, 0.5), 50)
    assert.equal(percentile(hundred, 0.99), 99)
    assert.equal(percentile([3, 1, 2], 0.34), 2)
  })

  it('is the smallest value at 0 and the largest at 1', () => {
    assert.equal(percentile(hundred, 0), 1)
    assert.equal(percentile(hundred, 1), 100)
  })

  it('is the only value of one', () => {
    for (const share of [0, 0.5, 0.99, 1]) assert.equal(percentile([7], share), 7)
  })

  it('sorts numbers, not texts', () => {
    assert.equal(percentile([10, 9, 100], 0), 9)
  })

  it('leaves what it was given as it was', () => {
    const values = [3, 1, 2]
    percentile(values, 0.5)
    assert.deepEqual(values, [3, 1, 2])
  })

  it('does not exist of nothing', () => {
    assert.throws(() => percentile([], 0.5), RangeError)
  })
})

describe('median', () => {
  it('is the value in the middle', () => {
    assert.equal(median([9, 1, 5]), 5)
  })

  it('is the mean of the two in the middle', () => {
    assert.equal(median([10, 1, 2, 100]), 6)
  })

  it('does not exist of nothing', () => {
    assert.throws(() => median([]), RangeError)
  })
})

describe('the exponent of growth', () => {
  const sizes = [10, 100, 1000]
  const seriesOf = (y: (x: number) => number) => exponentOf(sizes.map((x) => [x, y(x)] as const))

  it('is 0 for what stays the same, 1 for what is in proportion, 2 for a square, negative for what shrinks', () => {
    for (const [exponent, y] of [
      [0, () => 42],
      [1, (x: number) => 3 * x],
      [2, (x: number) => 0.5 * x ** 2],
      [-1, (x: number) => 7 / x],
    ] as const)
      assert.ok(Math.abs((seriesOf(y) ?? Number.NaN) - exponent) < 1e-9, `expected ${exponent}, found ${seriesOf(y)}`)
  })

  it('weighs all points, not the first and the last alone', () => {
    const bent = exponentOf([
      [1, 1],
      [10, 10],
      [100, 10],
    ])
    const bentEarlier = exponentOf([
      [1, 1],
      [2, 10],
      [100, 10],
    ])
    assert.ok(bent !== undefined && bentEarlier !== undefined && bentEarlier < bent)
  })

  it('leaves out what has no logarithm', () => {
    assert.equal(
      exponentOf([
        [0, 5],
        [1, 2],
        [2, 4],
        [4, 0],
      ]),
      1,
    )
  })

  it('is unknown from one size', () => {
    assert.equal(exponentOf([]), undefined)
    assert.equal(exponentOf([[10, 5]]), undefined)
    assert.equal(
      exponentOf([
        [10, 5],
        [10, 50],
      ]),
      undefined,
    )
  })
})
