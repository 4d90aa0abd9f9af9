/** CPU time in turns: that works are told apart, take turns, and that waiting costs nothing. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { cpuMicrosInTurn, type Work } from '../../../bench/measure/in-turn.ts'

/** Takes about as many times the CPU time of one as `times` says. */
const busy = (times: number): Work => {
  let state = 1
  return () => {
    for (let step = 0; step < times * 20_000; step += 1) state = (state * 16_807) % 2_147_483_647
    return state
  }
}

describe('CPU time measured in turns', () => {
  it('is that of one doing of each work, in the order of the works', async () => {
    const [one = 0, four = 0] = await cpuMicrosInTurn([busy(1), busy(4)], { rounds: 9, batchMs: 5 })
    assert.ok(one > 0)
    // Both are measured by the same clock in turns: what one costs more is far from what a busy machine can blur.
    assert.ok(four / one > 2 && four / one < 8, `${four / one} times as much`)
  })

  it('does not count what a work waits for', async () => {
    const wait = 20
    const work = busy(1)
    const patient = async () => {
      work()
      await pause(wait)
    }
    const [micros = 0] = await cpuMicrosInTurn([patient], { rounds: 1, batchMs: 1 })
    assert.ok(micros < wait * 1000, `${micros} µs`)
  })

  it('lets the works take turns in batches: each has its first before any has its second', async () => {
    const order: string[] = []
    const noted = (name: string): Work => {
      const work = busy(1)
      return () => {
        if (order.at(-1) !== name) order.push(name)
        return work()
      }
    }
    await cpuMicrosInTurn([noted('a'), noted('b'), noted('c')], { rounds: 3, batchMs: 1 })
    // The first turn of each finds out how large its batch is.
    assert.equal(order.join(''), 'abc'.repeat(4))
  })

  it('fails as the work does', async () => {
    const fails = async () => Promise.reject(new Error('the work fails'))
    await assert.rejects(cpuMicrosInTurn([busy(1), fails], { rounds: 1, batchMs: 1 }), { message: 'the work fails' })
  })
})
