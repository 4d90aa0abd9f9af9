/** The least of the faults in `test/faults`: each side killed between a write and its answer, and a result that is lost. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { assertSurvives, interruptionsOf } from '../support/interruptions.ts'
import type { Step } from '../support/join-steps.ts'
import { admitted } from '../support/join-stories.ts'
import { type Pair, startPair } from '../support/pair.ts'

describe('a join', { concurrency: 3 }, () => {
  let pair: Pair

  before(async () => {
    pair = await startPair()
  })
  after(async () => pair.stop())

  async function survivesKill(sceneName: string, side: 'primary' | 'secondary', step: Step): Promise<void> {
    const interruption = interruptionsOf(admitted, step).find(({ kills }) => kills === side)
    assert.ok(interruption)
    await assertSurvives(pair, sceneName, interruption)
  }

  it('goes on when the primary is killed after it has created the Cluster', async () =>
    survivesKill('primary-dies', 'primary', { channel: 'primary', name: 'create clusters', nth: 1 }))

  it('goes on when the secondary is killed after it has stored the membership', async () =>
    survivesKill('secondary-dies', 'secondary', {
      channel: 'secondary',
      name: 'patch secrets/mc-identity',
      nth: 2,
    }))

  it('goes on when the result is lost with the process that asked for it', async () =>
    survivesKill('result-is-lost', 'secondary', { channel: 'wire', name: 'POST join', nth: 1 }))
})
