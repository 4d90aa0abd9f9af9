import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as fc from 'fast-check'
import { untilAborted } from '../../src/kube/until-aborted.ts'
import { type ControlPlane, startControlPlane } from '../../tools/controlplane/control-plane.ts'
import { type Candidate, type Election, type Isolation, openElection } from '../support/kube-candidates.ts'

const tenYearsMs = 10 * 365 * 24 * 3_600_000
const leaseMs = 15_000
/** A holder that does not reach the server steps down this long after it last asked. */
const deadlineMs = 10_000
const renewEveryMs = 2000
const longestRetryMs = 2400

const event = fc.record({
  who: fc.nat(2),
  isolation: fc.constantFrom<Isolation>('none', 'reset', 'silent'),
  passMs: fc.constantFrom(500, 3000, 9000, 16_000),
})

describe('never two leaders', { timeout: 180_000 }, () => {
  let controlPlane: ControlPlane

  before(async () => {
    controlPlane = await startControlPlane({ name: 'kube-leader-safety' })
  })
  after(async () => {
    await controlPlane.stop()
  })

  /** The candidate in office, after it was waited for, and the others. */
  async function leaderOf(election: Election, candidates: readonly Candidate[]) {
    await election.pass(60_000, () => election.leader() !== undefined)
    const leader = candidates.find(({ identity }) => identity === election.leader())
    assert.ok(leader !== undefined, 'nobody leads')
    return { leader, others: candidates.filter((candidate) => candidate !== leader) }
  }

  it('hands the office on among three, at once, when its holder stops', async (context) => {
    const election = openElection(context, controlPlane, 'three')
    let candidates = await Promise.all(['a', 'b', 'c'].map(async (identity) => election.candidate(identity)))
    while (candidates.length > 0) {
      const { leader, others } = await leaderOf(election, candidates)
      await leader.stop()
      candidates = others
    }
    assert.deepEqual(election.usurpers, [])
    assert.deepEqual(election.terms.map(({ identity }) => identity).toSorted(), ['a', 'b', 'c'])
    const [first, , last] = election.terms
    assert.ok((last?.from ?? Number.NaN) - (first?.until ?? Number.NaN) <= 2 * (longestRetryMs + 500))
  })

  for (const isolation of ['reset', 'silent'] as const) {
    it(`sees a leader step down before another takes over, when its connections are ${isolation}`, async (context) => {
      const election = openElection(context, controlPlane, `isolated-${isolation}`)
      const candidates = await Promise.all(['a', 'b'].map(async (identity) => election.candidate(identity)))
      const { leader } = await leaderOf(election, candidates)
      await election.pass(20_000)
      const cutAt = election.clock.monotonic()
      leader.isolate(isolation)
      await election.pass(60_000, () => election.terms.length === 2)
      const [lost, next] = election.terms
      assert.ok(lost?.until !== undefined && next !== undefined)
      assert.deepEqual([election.usurpers, lost.from, next.identity === lost.identity], [[], 0, false])
      assert.ok(lost.until <= cutAt + deadlineMs, `stepped down ${lost.until - cutAt} ms after the cut`)
      assert.ok(next.from >= cutAt - renewEveryMs + leaseMs, `taken over ${next.from - cutAt} ms after the cut`)
      assert.ok(next.from <= cutAt + leaseMs + 2 * longestRetryMs, `taken over ${next.from - cutAt} ms after the cut`)

      leader.isolate('none')
      await election.pass(30_000)
      assert.equal(election.terms.length, 2, 'who comes back does not take the office away')
    })
  }

  it('lets the leader step down in an outage of the API server, and has one leader after it', async (context) => {
    const election = openElection(context, controlPlane, 'outage')
    const candidates = await Promise.all(['a', 'b', 'c'].map(async (identity) => election.candidate(identity)))
    await leaderOf(election, candidates)
    await election.pass(5000)
    await controlPlane.stopApiServer()
    const downAt = election.clock.monotonic()
    await election.pass(30_000)
    assert.ok((election.terms[0]?.until ?? Number.NaN) <= downAt + deadlineMs)
    assert.equal(election.leader(), undefined)
    await controlPlane.startApiServer()
    await leaderOf(election, candidates)
    await election.pass(30_000)
    assert.equal(election.terms.length, 2)
    assert.deepEqual(election.usurpers, [])
  })

  it('is not misled by wall clocks that are ten years wrong', async (context) => {
    const election = openElection(context, controlPlane, 'skewed')
    const skews = { past: -tenYearsMs, right: 0, future: tenYearsMs }
    const candidates = await Promise.all(
      Object.entries(skews).map(async ([identity, skewMs]) => election.candidate(identity, { skewMs })),
    )
    for (let term = 1; term <= 3; term++) {
      const { leader } = await leaderOf(election, candidates)
      await election.pass(40_000)
      assert.equal(election.terms.length, term, 'the office is not taken from who renews')
      const cutAt = election.clock.monotonic()
      leader.isolate('reset')
      await election.pass(60_000, () => election.terms.length > term)
      const { from = Number.NaN } = election.terms.at(-1) ?? {}
      assert.ok(from >= cutAt - renewEveryMs + leaseMs && from <= cutAt + leaseMs + 2 * longestRetryMs)
      leader.isolate('none')
    }
    assert.deepEqual(election.usurpers, [])
  })

  it('leaves no lease behind when it is stopped while it claims one', async (context) => {
    const election = openElection(context, controlPlane, 'stopped-early')
    const stored = Promise.withResolvers<void>()
    const answered = Promise.withResolvers<void>()
    const candidate = await election.candidate('a', {
      through: (client) => ({
        ...client,
        async replace(kind, object, options) {
          const answer = await client.replace(kind, object, options)
          stored.resolve()
          await untilAborted(answered.promise, options.signal ?? new AbortController().signal)
          return answer
        },
      }),
    })
    await stored.promise
    const stopped = candidate.stop()
    answered.resolve()
    await stopped
    const { stdout } = await controlPlane.kubectl([
      'get',
      'lease',
      'stopped-early',
      '-o=jsonpath={.spec.holderIdentity}',
    ])
    assert.equal(stdout, '')
  })

  it('does not lead on a claim whose answer comes when the lease may have run out', async (context) => {
    const election = openElection(context, controlPlane, 'late-answer')
    const stored = Promise.withResolvers<void>()
    const late = Promise.withResolvers<void>()
    const slow = await election.candidate('slow', {
      through: (client) => ({
        ...client,
        async replace(...call) {
          const answer = await client.replace(...call)
          stored.resolve()
          await late.promise
          return answer
        },
      }),
    })
    await stored.promise
    slow.isolate('silent')
    await election.candidate('other')
    await election.pass(60_000, () => election.leader() === 'other')
    late.resolve()
    slow.isolate('none')
    await election.pass(20_000)
    assert.deepEqual(election.usurpers, [])
    assert.deepEqual(
      election.terms.map(({ identity }) => identity),
      ['other'],
    )
  })

  it('has one leader at most whoever is cut off when, and one again when all are back', async (context) => {
    let elections = 0
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 3, maxLength: 8 }), async (events) => {
        elections += 1
        const election = openElection(context, controlPlane, `random-${elections}`)
        const candidates = await Promise.all(
          ['a', 'b', 'c'].map(async (identity, index) => election.candidate(identity, { skewMs: index * tenYearsMs })),
        )
        for (const { who, isolation, passMs } of events) {
          candidates[who]?.isolate(isolation)
          await election.pass(passMs)
          assert.deepEqual(election.usurpers, [])
        }
        for (const candidate of candidates) candidate.isolate('none')
        await leaderOf(election, candidates)
        await Promise.all(candidates.map(async (candidate) => candidate.stop()))
        assert.deepEqual(election.usurpers, [])
      }),
      { numRuns: 30 },
    )
  })
})
