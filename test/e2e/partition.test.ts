/** A replica of the primary that is cut off from its API server, while clusters still reach it: it harms none of them. */
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { ProtocolError } from '../../src/protocol/errors.ts'
import { type ClockedFleet, clockedFleet } from '../support/clocked-fleet.ts'
import { interval } from '../support/clocked-replicas.ts'
import { createJoiner } from '../support/joiner.ts'
import { type Pair, startPair } from '../support/pair.ts'

/** So long a replica goes on without its API server: others lead then. */
const patience = 15_000
const busy = (error: unknown) => error instanceof ProtocolError && error.code === 'Busy'

describe('a replica that is cut off from its API server', { timeout: 120_000 }, () => {
  let pair: Pair
  let fleet: ClockedFleet

  before(async () => {
    pair = await startPair()
  })

  after(async () => pair.stop())

  afterEach(async () => fleet.end())

  it('sends members and joins to another, tells nobody anything final, and serves again when it is back', async () => {
    fleet = await clockedFleet(pair, 'cut-off-follower')
    const { scene, replicas } = fleet
    const leader = await fleet.lead('leader')
    const follower = await replicas.start('follower')
    const endpoint = follower.endpoint
    fleet.behind = [follower]
    const east = await fleet.member('east')
    await fleet.beating([east], 6 * interval)
    const { token } = await replicas.during(scene.token('valid'))
    const { token: revoked } = await replicas.during(scene.token('revoked'))
    await scene.onPrimary(['delete', 'secret', 'revoked'])
    assert.deepEqual(follower.notReady(), [])

    follower.isolate()
    await replicas.pass(patience / 2)
    assert.equal(await east.beat(), 'ok', 'a server that restarts is nothing that members need to know')
    await replicas.pass(patience / 2 + 1_000)
    assert.deepEqual(follower.notReady(), ['the primary cannot reach its API server'])
    await assert.rejects(east.beat(), busy)
    await assert.rejects(createJoiner().ask({ endpoint, token }), busy)
    await assert.rejects(createJoiner().ask({ endpoint, token: revoked }), busy)
    assert.equal((await scene.clusters()).length, 2, 'nobody has joined')

    // A load balancer that knows no better still leads half of them there.
    fleet.behind = [follower, leader]
    for (let round = 0; round < 12; round += 1) {
      if ((await answer(east)) === undefined) assert.equal(await answer(east), 'ok', 'the next try leads to the other')
      await replicas.pass(interval)
    }
    assert.deepEqual(await fleet.calledLost(), [])
    assert.equal(await fleet.health('east'), 'True/Heartbeat')

    follower.rejoin()
    await replicas.pass(2 * interval)
    assert.deepEqual(follower.notReady(), [])
    fleet.behind = [follower]
    await fleet.beating([east], 8 * interval)
    assert.equal((await replicas.during(createJoiner().join({ endpoint, token }))).kind, 'joined')
    assert.deepEqual(await fleet.calledLost(), [])
  })

  it('ends by itself where it leads, and another one leads: nobody is called lost', async () => {
    fleet = await clockedFleet(pair, 'cut-off-leader')
    const first = await fleet.lead('first')
    const second = await fleet.replicas.start('second')
    fleet.behind = [first, second]
    const east = await fleet.member('east')
    await fleet.beating([east], 3 * interval)
    first.isolate()
    assert.match(String(await first.failure()), /lost the lease/)
    await assert.rejects(fetch(first.endpoint), 'it listens no more')
    await fleet.beating([east], 12 * interval)
    assert.ok(second.log.lines.some(({ message }) => message === 'became leader'))
    assert.deepEqual(await fleet.calledLost(), [])
  })
})

/** The word of the reply to a heartbeat; undefined where this replica has none to say. */
async function answer(member: { beat(): Promise<string> }): Promise<string | undefined> {
  try {
    return await member.beat()
  } catch (error) {
    if (busy(error)) return undefined
    throw error
  }
}
