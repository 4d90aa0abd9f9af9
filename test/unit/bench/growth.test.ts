import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { BenchContext, Curve } from '../../../bench/figures.ts'
import { quickPace } from '../../../bench/pace.ts'
import { growth } from '../../../bench/sections/growth.ts'
import { costPerJoin } from './figures.fixture.ts'

const contextWith = (curves: readonly Curve[]): BenchContext => ({
  sizes: { joins: [], fleets: [], singles: 0 },
  pace: quickPace,
  program: '',
  curves,
  say: () => undefined,
})

describe('growth', () => {
  it('gives a budget to what one of many costs, and none to what may grow', async () => {
    const { perUnit: _, ...whole } = costPerJoin
    const { figures } = await growth.run(contextWith([costPerJoin, { ...whole, id: 'memory' }]))
    assert.deepEqual(
      figures.map(({ id, value, budget }) => [id, Math.abs(value) < 1e-9, budget?.limit]),
      [
        ['growth/join-cost/primary', true, 0.1],
        ['growth/memory/primary', true, undefined],
      ],
    )
  })

  it('says nothing of a series with one size, and fails where no other is', async () => {
    const single: Curve = { ...costPerJoin, series: [{ name: 'primary', points: [[100, 4]] }] }
    assert.equal((await growth.run(contextWith([single, costPerJoin]))).figures.length, 1)
    await assert.rejects(growth.run(contextWith([single])), /at two sizes/)
  })

  it('shows every value under its size, and nothing where none was measured', async () => {
    const { tables } = await growth.run(
      contextWith([{ ...costPerJoin, series: [...costPerJoin.series, { name: 'etcd', points: [[1000, 1]] }] }]),
    )
    assert.deepEqual(tables[0]?.rows, [
      ['primary', 4, 4],
      ['etcd', '', 1],
    ])
  })
})
