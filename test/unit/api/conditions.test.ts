import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bootstrapConditions, clusterConditions } from '../../../src/api/conditions.ts'
import { type Reason, reasons } from '../../../src/api/reasons.ts'

describe('conditions and reasons', () => {
  it('are CamelCase words, each with a meaning that is a sentence', () => {
    for (const [reason, meaning] of Object.entries(reasons)) {
      assert.match(reason, /^[A-Z][A-Za-z]+$/)
      assert.match(meaning, /^[A-Z].*\.$/s, reason)
    }
  })

  it('let Ready take its reason from Joined or Healthy, and from nowhere else', () => {
    const { Joined, Healthy, Ready } = clusterConditions
    assert.deepEqual(Ready.True, Joined.True)
    assert.deepEqual([...Ready.False].toSorted(), [...Joined.False, ...Healthy.False].toSorted())
    assert.deepEqual([...Ready.Unknown].toSorted(), [...Joined.Unknown, ...Healthy.Unknown].toSorted())
  })

  it('name a reason under one status only within a condition', () => {
    for (const [type, table] of Object.entries({ ...clusterConditions, ...bootstrapConditions })) {
      const all: Reason[] = [...table.True, ...table.False, ...table.Unknown]
      assert.equal(new Set(all).size, all.length, type)
    }
  })
})
