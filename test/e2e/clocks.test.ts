/** Clocks that are wrong by years, and replicas that disagree by seconds: only the primary's own clock decides. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ProtocolError } from '../../src/protocol/errors.ts'
import { freePort } from '../../tools/controlplane/ports.ts'
import { startFront } from '../support/front.ts'
import { createJoiner, type Joiner } from '../support/joiner.ts'
import { type Pair, startPair } from '../support/pair.ts'
import type { Scene } from '../support/scene.ts'
import { wrongClock } from '../support/wrong-clock.ts'

const tenYears = 10 * 365 * 24 * 3_600_000

describe('clocks', () => {
  let pair: Pair

  before(async () => {
    pair = await startPair()
  })

  after(async () => pair.stop())

  // Each has processes of its own, and waits most of the time.
  describe('that are wrong by years', { concurrency: true }, () => {
    const cases = [
      ['a secondary ten years ahead', 'ahead', {}, wrongClock(tenYears)],
      ['a secondary ten years behind', 'behind', {}, wrongClock(-tenYears)],
      ['a primary ten years ahead', 'future', wrongClock(tenYears), {}],
      ['a primary ten years behind', 'past', wrongClock(-tenYears), {}],
    ] as const
    for (const [what, name, primaryClock, secondaryClock] of cases)
      it(`let ${what} join, stay, and hear that it was disconnected`, async () => {
        const scene = await pair.scene(name)
        await scene.startPrimary({}, primaryClock)
        await scene.startSecondary({}, secondaryClock)
        await scene.bootstrap()
        const { endpoint, token } = await scene.token('day', { 'expires-in': '24h' })
        await scene.mcJoin({ endpoint, token, clusterName: 'east' })
        await scene.untilStatus('Joined')
        await scene.untilReady('east')
        await scene.onPrimary(['delete', 'clusters.dist.kio.kasten.io/east', '--timeout=30s'])
        await scene.untilStatus('Rejected', /^Disconnected/)
      })
  })

  describe('of three replicas', () => {
    /**
     * For each pair of them, a challenge of the one and a join at the other: what came of it, and how many members there
     * are then. Who was turned away asks `again`, and meets only the second of the two. `skews` are milliseconds.
     */
    async function joinAcross(name: string, skews: readonly number[]) {
      const scene = await pair.scene(name, { scheme: 'http' })
      const endpoints = await Promise.all(
        skews.map(async (skew, index) => {
          const listen = `http://127.0.0.1:${await freePort()}`
          await scene.startPrimary({ identity: `replica-${index}`, listen }, wrongClock(skew))
          return listen
        }),
      )
      let turns: string[] = []
      const front = await startFront(() => turns.shift() ?? '')
      try {
        await scene.bootstrap()
        const { token } = await scene.token()
        const ways: string[] = []
        const turnedAway: { readonly joiner: Joiner; readonly told: string }[] = []
        const ask = async (joiner: Joiner, replicas: readonly string[]) => {
          turns = [...replicas]
          return joiner.ask({ endpoint: front.url, token }).then(({ kind }) => kind, codeOf)
        }
        for (const asked of endpoints)
          for (const told of endpoints) {
            const joiner = createJoiner()
            const way = await ask(joiner, [asked, told])
            ways.push(way)
            if (way !== 'joined') turnedAway.push({ joiner, told })
          }
        const members = await membersOf(scene)
        const again: string[] = []
        for (const { joiner, told } of turnedAway) again.push(await ask(joiner, [told, told]))
        return { scene, ways, members, again }
      } finally {
        await front.down()
      }
    }

    it('may differ by four seconds, whoever of them is asked first', async () => {
      const { ways, members } = await joinAcross('near', [0, 2_000, 4_000])
      assert.deepEqual(
        ways,
        Array.from({ length: 9 }, () => 'joined'),
      )
      assert.equal(members, 9)
    })

    it('that differ by more turn a challenge from the future away, and who asks again is let in by replicas that agree', async () => {
      const { scene, ways, members, again } = await joinAcross('far', [0, 15_000, 30_000])
      const refused = 'NonceInvalid'
      // By rows: who gave the challenge; by columns: who got the join.
      const expected = [
        ['joined', 'joined', 'joined'],
        [refused, 'joined', 'joined'],
        [refused, refused, 'joined'],
      ]
      assert.deepEqual(ways, expected.flat())
      assert.equal(members, 6)
      assert.deepEqual(again, ['joined', 'joined', 'joined'])
      assert.equal(await membersOf(scene), 9)
    })
  })
})

async function membersOf(scene: Scene): Promise<number> {
  return (await scene.clusters()).filter(({ spec }) => spec.member !== undefined).length
}

/** An unsigned answer: the joiner tries again. */
function codeOf(error: unknown): string {
  if (error instanceof ProtocolError) return error.code
  throw error
}
