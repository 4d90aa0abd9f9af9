/** How often an address may ask the join endpoint, and which address it is. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createBuckets } from '../../../../src/primary/load/buckets.ts'
import type { JoinServerDeps } from '../../../../src/primary/server/join-server.ts'
import { challengePath, joinPath } from '../../../../src/protocol/wire.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { admittingServer } from './join-server.fixture.ts'
import { assertProblem, memberHeaders, type Response } from './problems.fixture.ts'

describe('an address', () => {
  /** A source may ask three times, and once more each minute. */
  function limited(deps: Partial<JoinServerDeps> = {}) {
    const clock = createManualClock()
    const sources = createBuckets({ burst: 3, perSecond: 1 / 60 }, clock)
    const server = admittingServer({ sources, ...deps })
    const post = async (url: string, from: { remoteAddress?: string; forwarded?: string } = {}) =>
      server.inject({
        method: 'POST',
        url,
        headers: { ...memberHeaders, ...(from.forwarded === undefined ? {} : { 'x-forwarded-for': from.forwarded }) },
        payload: '{}',
        remoteAddress: from.remoteAddress ?? '192.0.2.1',
      })
    return { clock, post }
  }
  const times = async (count: number, request: () => Promise<Response>) => {
    const statuses: number[] = []
    for (let time = 0; time < count; time += 1) statuses.push((await request()).statusCode)
    return statuses
  }

  it('that asks too often is told when to come back, and is heard then', async () => {
    const { clock, post } = limited()
    assert.deepEqual(await times(3, async () => post(challengePath)), [200, 200, 200])
    const refused = await post(challengePath)
    assertProblem(refused, 429, 'Busy', 'the fourth')
    assert.equal(refused.headers['retry-after'], '60')
    assert.equal((await post(challengePath, { remoteAddress: '192.0.2.2' })).statusCode, 200)
    await clock.advance(60_000)
    assert.deepEqual(await times(2, async () => post(challengePath)), [200, 429])
  })

  it('is not charged for joins that were proved, nor for their challenges', async () => {
    const { post } = limited()
    for (let round = 0; round < 5; round += 1) {
      assert.equal((await post(challengePath)).statusCode, 200)
      assert.equal((await post(joinPath)).statusCode, 200)
    }
  })

  it('is charged for routes that do not exist', async () => {
    const { post } = limited()
    assert.deepEqual(await times(4, async () => post('/nowhere')), [404, 404, 404, 429])
  })

  it('cannot name another one in a header, unless it is a proxy that is trusted', async () => {
    const stranger = limited()
    let hop = 0
    const forwarded = () => `198.51.100.${(hop += 1)}`
    assert.deepEqual(
      await times(4, async () => stranger.post(challengePath, { forwarded: forwarded() })),
      [200, 200, 200, 429],
    )
    const proxied = limited({ trustedProxies: ['192.0.2.0/24'] })
    assert.deepEqual(
      await times(4, async () => proxied.post(challengePath, { forwarded: forwarded() })),
      [200, 200, 200, 200],
    )
    // What a client puts before the address that the proxy adds is not believed.
    assert.deepEqual(
      await times(4, async () => proxied.post(challengePath, { forwarded: `${forwarded()}, 203.0.113.9` })),
      [200, 200, 200, 429],
    )
  })
})
