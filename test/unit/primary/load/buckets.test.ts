import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createBuckets } from '../../../../src/primary/load/buckets.ts'
import { createManualClock } from '../../../support/manual-clock.ts'

function create() {
  const clock = createManualClock({ now: 0 })
  return { clock, buckets: createBuckets({ burst: 3, perSecond: 2 }, clock) }
}

describe('token buckets', () => {
  it('allow a burst, then say how long to wait', () => {
    const { buckets } = create()
    assert.deepEqual(
      [1, 2, 3, 4].map(() => buckets.take('a')),
      [0, 0, 0, 500],
    )
  })

  it('fill at their rate, never beyond the burst', async () => {
    const { buckets, clock } = create()
    for (let taken = 0; taken < 3; taken += 1) buckets.take('a')
    await clock.advance(500)
    assert.deepEqual(
      [1, 2].map(() => buckets.take('a')),
      [0, 500],
    )
    await clock.advance(3_600_000)
    assert.deepEqual(
      [1, 2, 3, 4].map(() => buckets.take('a')),
      [0, 0, 0, 500],
    )
  })

  it('count each key by itself', () => {
    const { buckets } = create()
    for (let taken = 0; taken < 4; taken += 1) buckets.take('a')
    assert.equal(buckets.take('b'), 0)
  })

  it('take back what a proven request has cost, and no more than the burst', () => {
    const { buckets } = create()
    for (let taken = 0; taken < 3; taken += 1) buckets.take('a')
    buckets.giveBack('a', 1)
    assert.deepEqual(
      [1, 2].map(() => buckets.take('a')),
      [0, 500],
    )
    buckets.giveBack('b', 100)
    assert.deepEqual(
      [1, 2, 3, 4].map(() => buckets.take('b')),
      [0, 0, 0, 500],
    )
  })

  it('forget the key that was used longest ago, so that many addresses cost bounded memory', () => {
    const { buckets } = create()
    for (let taken = 0; taken < 4; taken += 1) buckets.take('first')
    for (let key = 0; key < 10_000; key += 1) buckets.take(`key ${key}`)
    assert.equal(buckets.take('first'), 0)
  })
})
