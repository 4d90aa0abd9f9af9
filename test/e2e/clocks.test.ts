/** Clocks that are wrong by years, and replicas that disagree by seconds: only the primary's own clock decides. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ProtocolError } from '../../src/protocol/errors.ts'
import { createJoiner } from '../support/joiner.ts'
import { type Replicas, startReplicas } from '../support/replicas.ts'
import { type Pair, type Scene, startPair } from '../support/scene.ts'
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

  describe('of two replicas', () => {
    /** A challenge of the one and a join at the other, both ways round. */
    async function joinAcross({ ingress, scene }: Replicas): Promise<readonly string[]> {
      const { token } = await scene.token()
      // Each exchange takes two requests, so that a third one in between changes who is asked first.
      const ways = []
      for (const spare of [false, true]) {
        if (spare) await fetch(ingress.url)
        const joiner = createJoiner()
        ways.push(await joiner.ask({ endpoint: ingress.url, token }).then(({ kind }) => kind, codeOf))
      }
      return ways
    }

    it('may differ by four seconds', async () => {
      const replicas = await startReplicas(pair, 'near', wrongClock(4_000))
      try {
        assert.deepEqual(await joinAcross(replicas), ['joined', 'joined'])
      } finally {
        await replicas.end()
      }
    })

    it('that differ by thirty seconds turn a challenge from the future away, and nothing is final or left behind', async () => {
      const replicas = await startReplicas(pair, 'far', wrongClock(30_000))
      try {
        const ways = await joinAcross(replicas)
        assert.deepEqual(ways.toSorted(), ['NonceInvalid', 'joined'])
        assert.equal(await membersOf(replicas.scene), 1)
      } finally {
        await replicas.end()
      }
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
