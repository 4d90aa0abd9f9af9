import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setCondition } from '../../../src/kube/conditions.ts'
import type { Condition } from '../../../src/kube/objects.ts'

const ready: Condition = {
  type: 'Ready',
  status: 'False',
  reason: 'Waiting',
  message: 'not yet',
  lastTransitionTime: '2030-01-01T00:00:00Z',
  observedGeneration: 1,
}
const healthy: Condition = { ...ready, type: 'Healthy', status: 'True', reason: 'Heartbeat' }
const later = new Date('2030-06-01T12:00:00.789Z')

describe('setting a condition', () => {
  it('adds a type that is not there yet, with the time of now in whole seconds', () => {
    const { lastTransitionTime: _, ...next } = healthy
    assert.deepEqual(setCondition([ready], next, later), [
      ready,
      { ...healthy, lastTransitionTime: '2030-06-01T12:00:00Z' },
    ])
    assert.equal(setCondition(undefined, next, later).length, 1)
  })

  it('gives the same array back when nothing changes', () => {
    const conditions = [healthy, ready]
    const { lastTransitionTime: _, ...same } = ready
    assert.equal(setCondition(conditions, same, later), conditions)
  })

  it('keeps the transition time while the status stays', () => {
    const changed = { ...ready, reason: 'Busy', message: 'still not', observedGeneration: 2 }
    assert.deepEqual(setCondition([ready, healthy], changed, later), [changed, healthy])
  })

  it('moves the transition time when the status changes, and only there', () => {
    const changed = { ...ready, status: 'True' as const }
    assert.deepEqual(setCondition([healthy, ready], changed, later), [
      healthy,
      { ...changed, lastTransitionTime: '2030-06-01T12:00:00Z' },
    ])
  })

  it('counts a new observedGeneration as a change', () => {
    const conditions = [ready]
    assert.notEqual(setCondition(conditions, { ...ready, observedGeneration: 2 }, later), conditions)
  })
})
