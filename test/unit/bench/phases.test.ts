/** The phases of a join: what is between requests and during them, and that nothing is counted twice or lost. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { phasesOf, type Step, type TimedRequest } from '../../../bench/measure/phases.ts'

interface Request extends TimedRequest {
  readonly name: string
}

const request = (name: string, receivedAt: number, endedAt: number): Request => ({ name, receivedAt, endedAt })
const named = (name: string) => (candidate: Request) => candidate.name === name
const step = (what: string, ...names: readonly string[]): Step<Request> => ({
  until: `before ${what}`,
  what,
  requests: names.map(named),
})

describe('the phases of a join', () => {
  it('are the requests of each step, what lies before them, and the rest', () => {
    const requests = [request('read', 103, 105), request('write', 110, 114)]
    const whole = { from: 100, to: 120, requests, last: 'told' }
    assert.deepEqual(phasesOf(whole, [step('reading', 'read'), step('writing', 'write')]), [
      { what: 'before reading', ms: 3 },
      { what: 'reading', ms: 2 },
      { what: 'before writing', ms: 5 },
      { what: 'writing', ms: 4 },
      { what: 'told', ms: 6 },
    ])
  })

  it('span requests that are sent together, from the first to the end of the last', () => {
    const requests = [request('one', 2, 9), request('two', 1, 3)]
    const phases = phasesOf({ from: 0, to: 10, requests, last: 'told' }, [step('reading', 'one', 'two')])
    assert.deepEqual(
      phases.map(({ ms }) => ms),
      [1, 8, 1],
    )
  })

  it('take requests that are alike in the order in which they came', () => {
    const requests = [request('read', 7, 8), request('read', 1, 2)]
    const phases = phasesOf({ from: 0, to: 10, requests, last: 'told' }, [step('first', 'read'), step('again', 'read')])
    assert.deepEqual(
      phases.map(({ ms }) => ms),
      [1, 1, 5, 1, 2],
    )
  })

  it('add up to the whole where steps overlap, and where the last answer is still on its way', () => {
    const requests = [request('slow', 1, 8), request('quick', 3, 5), request('last', 9, 13)]
    const steps = [step('a', 'slow'), step('b', 'quick'), step('c', 'last')]
    const phases = phasesOf({ from: 0, to: 12, requests, last: 'told' }, steps)
    assert.deepEqual(
      phases.map(({ ms }) => ms),
      [1, 7, 0, 0, 1, 3, 0],
    )
  })

  it('are none where a join lacks a request', () => {
    const whole = { from: 0, to: 9, requests: [request('read', 1, 2)], last: 'told' }
    assert.throws(() => phasesOf(whole, [step('writing', 'write')]), {
      message: 'a join lacks a request of the step: writing',
    })
  })
})
