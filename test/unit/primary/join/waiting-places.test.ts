import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Cluster } from '../../../../src/api/cluster.ts'
import { createWaitingPlaces, maxWaiting } from '../../../../src/primary/join/waiting-places.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { cluster, member } from '../objects.fixture.ts'

function placesBeside(cached: Cluster[]) {
  const clock = createManualClock()
  const by = (index: string, id: string) =>
    index === 'token' ? cached.filter(({ spec }) => spec.member?.tokenId === id) : []
  const places = createWaitingPlaces({ clusters: { by }, clock })
  return { clock, take: (name: string, token = 'token-a') => places.take(token, name) }
}

const waiting = (name: string, spec: Partial<Cluster['spec']> = {}) =>
  cluster(name, { spec: { approval: 'manual', member: member({ tokenId: 'token-a' }), ...spec } })
const names = (count: number) => Array.from({ length: count }, (_, index) => `east-${index}`)

describe('the places to wait with one token', () => {
  it('are 100, also where they are asked for faster than the cache follows', () => {
    const { take } = placesBeside([])
    const taken = names(maxWaiting + 20).filter((name) => take(name))
    assert.equal(taken.length, 100)
  })

  it('are taken by the Clusters that wait, and by none that was decided on', () => {
    const cached = names(maxWaiting - 1).map((name) => waiting(name))
    const { take } = placesBeside([...cached, waiting('yes', { approved: true }), waiting('no', { approved: false })])
    assert.deepEqual([take('one'), take('two')], [true, false])
  })

  it('are counted once, in the cache or before', () => {
    const cached: Cluster[] = []
    const { take } = placesBeside(cached)
    for (const name of names(maxWaiting - 1)) {
      assert.ok(take(name))
      cached.push(waiting(name))
    }
    assert.deepEqual([take('one'), take('one'), take('two')], [true, true, false])
  })

  it('are nothing to those who hold another token', () => {
    const { take } = placesBeside(names(maxWaiting - 1).map((name) => waiting(name)))
    assert.deepEqual([take('one'), take('two'), take('two', 'token-b')], [true, false, true])
    assert.equal(
      names(maxWaiting - 1).every((name) => take(`${name}-b`, 'token-b')),
      true,
    )
  })

  it('are free again after a minute in which no Cluster came of them', async () => {
    const { take, clock } = placesBeside([])
    for (const name of names(maxWaiting)) take(name)
    await clock.advance(59_999)
    assert.equal(take('late'), false)
    await clock.advance(1)
    assert.equal(take('late'), true)
  })
})
