/** A member and its copy, each of which reaches another replica of the primary all the time, as kept connections do. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { withFleet } from '../support/clocked-fleet.ts'
import { interval } from '../support/clocked-replicas.ts'
import { type Pair, startPair } from '../support/pair.ts'

describe('a member behind three replicas', { timeout: 240_000 }, () => {
  let pair: Pair

  before(async () => {
    pair = await startPair()
  })

  after(async () => pair.stop())

  it('is suspected where its copy reaches another replica than it does, and not for its restarts and its moves', async () =>
    withFleet(pair, 'apart', async (fleet) => {
      const leader = await fleet.lead('leader')
      const [second, third] = [await fleet.replicas.start('second'), await fleet.replicas.start('third')]
      fleet.behind = [second]
      const east = await fleet.member('east')
      const beatAt = async (replica: typeof leader, boot: string) => {
        fleet.behind = [replica]
        assert.equal(await east.beat(boot), 'ok')
        await fleet.replicas.pass(interval)
      }
      const suspicion = async () =>
        (await fleet.scene.cluster('east'))?.status?.conditions?.find(({ type }) => type === 'CloneSuspected')?.reason

      // One after the other, and each wherever it comes to: what the others tell is of the run before for a while.
      for (const boot of ['first', 'second', 'third', 'fourth'])
        for (const replica of [second, third, second, leader, third]) await beatAt(replica, boot)
      assert.equal(await suspicion(), undefined)

      for (let turn = 0; turn < 10; turn += 1) {
        await beatAt(second, 'original')
        await beatAt(third, 'copy')
      }
      assert.equal(await suspicion(), 'BootIdsAlternate')
      const events = await fleet.scene.eventsOnPrimary()
      assert.ok(events.some(({ reason }) => reason === 'BootIdsAlternate'))
    }))
})
