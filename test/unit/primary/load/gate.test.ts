import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createGate } from '../../../../src/primary/load/gate.ts'

/** A job that ends when it is told to. */
function openJob() {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  return { job: async () => promise, resolve, reject }
}

describe('the gate', () => {
  it('lets so many work, so many wait in order, and turns the others away at once', async () => {
    const gate = createGate({ working: 1, waiting: 2 })
    const first = openJob()
    const order: string[] = []
    const passing = [
      gate.pass(first.job),
      gate.pass(async () => order.push('second')),
      gate.pass(async () => order.push('third')),
    ]
    await assert.rejects(
      gate.pass(async () => order.push('turned away')),
      { code: 'Busy' },
    )
    assert.deepEqual(order, [])
    first.resolve()
    await Promise.all(passing)
    assert.deepEqual(order, ['second', 'third'])
  })

  it('frees the place of a job that fails', async () => {
    const gate = createGate({ working: 1, waiting: 0 })
    await assert.rejects(
      gate.pass(async () => Promise.reject(new Error('failed'))),
      /failed/,
    )
    assert.equal(await gate.pass(async () => 'works'), 'works')
  })

  it('never lets more work than it may, also when places change hands', async () => {
    const gate = createGate({ working: 2, waiting: 100 })
    let working = 0
    let most = 0
    const jobs = Array.from({ length: 50 }, async (_, index) =>
      gate.pass(async () => {
        working += 1
        most = Math.max(most, working)
        for (let turn = 0; turn < index % 3; turn += 1) await Promise.resolve()
        working -= 1
      }),
    )
    await Promise.all(jobs)
    assert.equal(most, 2)
  })
})
