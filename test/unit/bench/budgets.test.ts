import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Figure } from '../../../bench/figures.ts'
import { budgetTable, figureTable, verdictOf } from '../../../bench/report/figure-rows.ts'
import { latency, rate } from './figures.fixture.ts'

describe('the verdict on a budget', () => {
  it('says by which share of the limit a value is above it', () => {
    assert.equal(verdictOf(latency), 'missed by 14 %')
  })

  it('counts what lies exactly at the limit as met, from either side', () => {
    assert.equal(verdictOf({ ...latency, value: 250 }), 'met')
    assert.equal(verdictOf({ ...rate, value: 96 }), 'met')
  })

  it('judges a ratio and not the value where the budget is of the ratio', () => {
    assert.equal(verdictOf(rate), 'met')
    assert.equal(verdictOf({ ...rate, value: 48 }), 'missed by 50 %')
  })

  it('says the whole number where nothing was allowed', () => {
    const alarms: Figure = {
      id: 'beat/false alarms',
      what: 'false alarms',
      value: 3,
      unit: 'alarms',
      budget: { of: 'value', bound: 'at most', limit: 0 },
    }
    assert.equal(verdictOf(alarms), 'missed by 3 alarms')
    assert.equal(verdictOf({ ...alarms, value: 0 }), 'met')
  })

  it('claims nothing of a ratio to nothing', () => {
    const { against: _, ...alone } = rate
    assert.equal(verdictOf(alone), 'not measured')
  })
})

describe('the tables of figures', () => {
  it('shows each figure with its unit, what stands beside it, their ratio and its budget', () => {
    assert.deepEqual(figureTable('t', [latency, rate]).rows, [
      ['a join, half of them', '285 ms', '', '', 'at most 250 ms'],
      ['joins', '120 a second', '160 a second (a bare client)', '0.75', 'ratio at least 0.6'],
    ])
  })

  it('lists of all figures those that have a budget, with what is judged', () => {
    const { budget: _, ...free } = latency
    assert.deepEqual(budgetTable([free, rate]).rows, [['joins', '0.75', 'ratio at least 0.6', 'met']])
  })
})
