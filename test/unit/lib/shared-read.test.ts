/** A read that many share: none of them is shown what was there before he asked. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { shareReads, shareReadsOf } from '../../../src/lib/shared-read.ts'
import { createManualClock } from '../../support/manual-clock.ts'

function world() {
  const clock = createManualClock()
  const begun: PromiseWithResolvers<string>[] = []
  const read = shareReads(
    async () => {
      const one = Promise.withResolvers<string>()
      begun.push(one)
      return one.promise
    },
    { every: 100, clock },
  )
  return { clock, begun, read }
}

describe('a shared read', () => {
  it('begins at once for the first who asks, and is one for all who ask with him', async () => {
    const { clock, begun, read } = world()
    const asked = Promise.all([read(), read(), read()])
    await clock.advance(0)
    assert.equal(begun.length, 1)
    begun[0]?.resolve('now')
    assert.deepEqual(await asked, ['now', 'now', 'now'])
  })

  it('is another one for whoever asks after it has begun, also while it lasts', async () => {
    const { clock, begun, read } = world()
    const early = read()
    await clock.advance(0)
    const late = read()
    await clock.advance(99)
    assert.equal(begun.length, 1)
    await clock.advance(1)
    assert.equal(begun.length, 2)
    begun[1]?.resolve('newer')
    assert.equal(await late, 'newer')
    begun[0]?.resolve('older')
    assert.equal(await early, 'older')
  })

  it('fails for those who share it, and for nobody else', async () => {
    const { clock, begun, read } = world()
    const early = Promise.allSettled([read(), read()])
    await clock.advance(0)
    const late = read()
    begun[0]?.reject(new Error('no answer'))
    assert.deepEqual(
      (await early).map(({ status }) => status),
      ['rejected', 'rejected'],
    )
    await clock.advance(100)
    begun[1]?.resolve('there')
    assert.equal(await late, 'there')
  })
})

describe('a shared read of one thing among many', () => {
  it('is shared by those who ask for that one, and begins at once where nobody waits for it', async () => {
    const clock = createManualClock()
    const read: string[] = []
    const readSoon = shareReadsOf(
      async (name: string) => {
        read.push(name)
        return name
      },
      { idOf: (name) => name, every: 100, clock },
    )
    assert.deepEqual(await Promise.all([readSoon('a'), readSoon('b'), readSoon('a')]), ['a', 'b', 'a'])
    assert.deepEqual(read, ['a', 'b'])
    assert.equal(await readSoon('a'), 'a')
    assert.deepEqual(read, ['a', 'b', 'a'])
  })
})
