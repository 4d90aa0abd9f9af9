import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createBootIds } from '../../../../src/primary/heartbeat/boot-ids.ts'
import { createManualClock } from '../../../support/manual-clock.ts'

/** What each heartbeat of a sequence of runs shows, like `A B A`; a new world for each. */
function shown(sequence: string, keyId = 'key'): readonly boolean[] {
  const bootIds = createBootIds(createManualClock())
  return sequence.split(' ').map((boot) => bootIds.heard('east', { keyId, boot }))
}
const at = (sequence: string) => shown(sequence).indexOf(true)

describe('two runs of a secondary that beat with one key', () => {
  it('show at the second return, however often each beats between', () => {
    assert.equal(at('A B A B'), 3)
    assert.equal(at('A A A B B A A A B A'), 8)
  })

  it('show again for as long as they take turns', () => {
    assert.deepEqual(shown('A B A B A B').slice(3), [true, true, true])
  })

  it('show also where there are three and more of them', () => {
    assert.equal(at('A B C A B C'), 4)
    assert.equal(at('A B C D E F G H A B'), 9)
  })

  it('do not show by one return alone: a heartbeat may arrive late', () => {
    assert.equal(at('A B A'), -1)
    assert.equal(at('A B A C D E'), -1)
  })

  it('do not show where a process only restarts, as often as it may', () => {
    const restarts = Array.from({ length: 1_000 }, (_, run) => `run-${run} run-${run}`).join(' ')
    assert.equal(at(restarts), -1)
  })

  it('do not show by two returns that are hours apart', async () => {
    const clock = createManualClock()
    const bootIds = createBootIds(clock)
    const hear = (boot: string) => bootIds.heard('east', { keyId: 'key', boot })
    assert.deepEqual(['A', 'B', 'A'].map(hear), [false, false, false])
    await clock.advance(3_600_000)
    assert.equal(hear('B'), false)
    assert.equal(hear('A'), true)
  })

  it('are forgotten with the key: under the next one others beat', () => {
    const bootIds = createBootIds(createManualClock())
    for (const boot of ['A', 'B', 'A']) bootIds.heard('east', { keyId: 'old', boot })
    for (const boot of ['B', 'A', 'B']) assert.equal(bootIds.heard('east', { keyId: 'new', boot }), false)
  })

  it('are told apart from those of other clusters', () => {
    const bootIds = createBootIds(createManualClock())
    for (let turn = 0; turn < 10; turn += 1)
      for (const name of ['east', 'west']) assert.equal(bootIds.heard(name, { keyId: name, boot: name }), false)
  })

  it('are remembered for 20,000 clusters, and no more', () => {
    const bootIds = createBootIds(createManualClock())
    for (const boot of ['A', 'B', 'A']) bootIds.heard('first', { keyId: 'key', boot })
    for (let other = 0; other < 20_000; other += 1) bootIds.heard(`other-${other}`, { keyId: 'key', boot: 'A' })
    assert.equal(bootIds.heard('first', { keyId: 'key', boot: 'B' }), false)
  })
})
