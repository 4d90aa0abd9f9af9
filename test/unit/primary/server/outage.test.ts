/** A replica that cannot do anything for anybody: whoever asks it is sent to another one, and takes nothing for final. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../../../src/lib/clock.ts'
import { createBuckets } from '../../../../src/primary/load/buckets.ts'
import { challengePath, heartbeatPath, joinPath, leavePath } from '../../../../src/protocol/wire.ts'
import { admittingServer, hardlyAny } from './join-server.fixture.ts'
import { assertProblem, memberHeaders } from './problems.fixture.ts'

const routes = [challengePath, joinPath, heartbeatPath('east'), leavePath('east')]

describe('a replica that cannot reach its API server', () => {
  it('answers everybody with a 503 that nobody signs, and ends the connection, so that the next leads elsewhere', async () => {
    let outage: string | undefined = 'the primary cannot reach its API server'
    const server = admittingServer({ outage: () => outage })
    const ask = async (url: string) => server.inject({ method: 'POST', url, headers: memberHeaders, payload: '{}' })
    for (const route of routes) {
      const answer = await ask(route)
      assertProblem(answer, 503, 'Busy', route)
      assert.equal(answer.headers.connection, 'close', route)
      assert.equal(answer.headers['retry-after'], '1', route)
    }
    outage = undefined
    for (const route of routes) {
      const answer = await ask(route)
      assert.equal(answer.statusCode, 200, route)
      assert.notEqual(answer.headers.connection, 'close', route)
    }
  })

  it("counts nobody's questions, so that nobody is turned away for them later", async () => {
    let outage: string | undefined = 'the primary cannot reach its API server'
    const server = admittingServer({
      outage: () => outage,
      sources: createBuckets({ burst: 2, perSecond: hardlyAny }, systemClock),
    })
    const ask = async () => server.inject({ method: 'POST', url: challengePath, headers: memberHeaders, payload: '{}' })
    for (let round = 0; round < 5; round += 1) assert.equal((await ask()).statusCode, 503)
    outage = undefined
    assert.deepEqual([(await ask()).statusCode, (await ask()).statusCode, (await ask()).statusCode], [200, 200, 429])
  })
})
