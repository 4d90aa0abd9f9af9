/** A primary that is upgraded again and again, while two hundred members beat and new clusters join. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createJoiner } from '../support/joiner.ts'
import { type Pair, startPair } from '../support/pair.ts'
import { type ReplicaSet, startReplicaSet } from '../support/replica-set.ts'
import { assertNobodyCalledLost, assertOneWayOn, startSteadyLoad } from '../support/steady-load.ts'

const rounds = 3
/** How many members join at once in the beginning. */
const atOnce = 20

describe('a primary of three replicas that is restarted again and again', { timeout: 900_000 }, () => {
  let pair: Pair
  let replicas: ReplicaSet

  before(async () => {
    pair = await startPair()
    replicas = await startReplicaSet(pair, 'again')
  })

  after(async () => {
    await replicas.end()
    await pair.stop()
  })

  it('fails no join of a newcomer and calls none of two hundred members lost', async () => {
    const { scene, url } = replicas
    const { token } = await scene.token()
    const start = await pair.primary.auditLog.mark()
    const named = Array.from({ length: 200 }, (_, index) => ({ name: `member-${index}`, joiner: createJoiner() }))
    for (let first = 0; first < named.length; first += atOnce)
      await Promise.all(
        named.slice(first, first + atOnce).map(async ({ name, joiner }) => {
          assert.equal((await joiner.join({ endpoint: url, token, name })).kind, 'joined')
          assert.equal(await joiner.confirm(), 'ok')
        }),
      )
    const members = named.map(({ joiner }) => joiner)
    const load = startSteadyLoad({ endpoint: url, token }, members, { arriving: 1, betweenBeats: 5_000 })
    for (let round = 0; round < rounds; round += 1)
      for (const name of replicas.names) {
        await replicas.stop(name)
        await replicas.start(name)
      }
    await load.stop()

    for (const { joiner, heard } of load.arrivals) assertOneWayOn(heard, 'Joined', `the join of ${joiner.uid}`)
    for (const [index, heard] of load.beats.entries()) assertOneWayOn(heard, 'ok', `member-${index}`)
    // Newcomers never beat, and are called lost in time.
    const writes = await pair.primary.auditLog.writesSince(start)
    assertNobodyCalledLost(writes.filter(({ name }) => /^(member-|primary-)/.test(name)))
  })
})
