/** How a primary is told that a cluster is no member any more: by a proof that it can verify, and not for ever. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { createFarewell, type Farewell } from '../../../../src/secondary/membership/farewell.ts'
import type { Member } from '../../../../src/secondary/membership/member.ts'
import { openLine } from '../../../../src/secondary/primary-client/line.ts'
import { createManualClock, type ManualClock } from '../../../support/manual-clock.ts'
import { type FakePrimary, sendJson, startFakePrimary } from '../fake-primary.fixture.ts'
import { forever, lineDeps, silent } from '../lines.fixture.ts'
import { memberOf } from './member.fixture.ts'

describe('the farewell to a primary', () => {
  let primary: FakePrimary
  before(async () => {
    primary = await startFakePrimary()
  })
  after(async () => primary.close())

  let clock: ManualClock
  let farewell: Farewell
  let member: Member
  beforeEach(async () => {
    primary.intercept = undefined
    primary.reply = { status: 'ok', interval: 20 }
    clock = createManualClock()
    member = await memberOf(primary)
    farewell = createFarewell({ openLine: (options) => openLine(lineDeps(), options), boot: 'boot-1', clock })
  })

  const requests = () => primary.requests.filter(({ path }) => path === '/k10/mc/v1/clusters/east/leave')
  const tell = async (signal = forever) => farewell.tell(member, { log: silent, signal })

  /** Tells, and ends each pause as soon as it has begun; gives how long they were together. */
  async function tellPatiently() {
    const told = tell()
    const over = told.then(() => true)
    // While a try is under way one timer waits, which ends all of them.
    while (!(await Promise.race([over, clock.timers(2).then(() => false)]))) await clock.advance(500)
    return { failure: await told, waited: clock.monotonic() }
  }

  it('is told with a proof and the key that is trusted, and is over with the first signed answer', async () => {
    const count = requests().length
    const { failure } = await tellPatiently()
    assert.equal(failure, undefined)
    // The first is answered with the first nonce.
    assert.equal(requests().length, count + 2)
    assert.deepEqual(JSON.parse(requests().at(-1)?.body ?? ''), { kid: primary.issuer.key.thumbprint })
  })

  for (const reply of [{ status: 'Disconnected', at: 1 }, { status: 'UnknownCluster' }] as const)
    it(`is over with ${reply.status}: there is nobody whom it could be told`, async () => {
      primary.reply = reply
      assert.equal((await tellPatiently()).failure, undefined)
    })

  it('is over with KeyMismatch, and says that it was not heeded', async () => {
    primary.reply = { status: 'KeyMismatch' }
    const count = requests().length
    assert.equal((await tellPatiently()).failure?.code, 'KeyMismatch')
    assert.equal(requests().length, count + 2)
  })

  it('is tried four times where the primary does not answer as it should, and says why it was not told', async () => {
    const count = primary.requests.length
    primary.intercept = (_request, response) => sendJson(response, 503, { code: 'Busy' }, 'application/problem+json')
    const { failure, waited } = await tellPatiently()
    assert.equal(failure?.code, 'Busy')
    assert.deepEqual([primary.requests.length - count, waited], [4, 7_500])
  })

  it('believes no bare 200, and no answer that somebody else has signed', async () => {
    primary.intercept = (_request, response) => sendJson(response, 200, { status: 'ok' })
    assert.equal((await tellPatiently()).failure?.code, 'NotOurServer')
    const rogue = await startFakePrimary()
    try {
      const { membership } = member.info
      const misled = { ...membership, endpoint: rogue.endpoint, endpoints: [rogue.endpoint] }
      member = { ...member, allowUntrustedTls: true, info: { ...member.info, membership: misled } }
      primary.intercept = undefined
      assert.ok((await tellPatiently()).failure)
    } finally {
      await rogue.close()
    }
  })

  it('has an end where the primary takes the request and never answers', async () => {
    const arrived = Promise.withResolvers<void>()
    primary.intercept = () => arrived.resolve()
    const told = tell()
    await clock.timers(2)
    await clock.advance(0)
    await arrived.promise
    await clock.advance(30_000)
    assert.equal((await told)?.code, 'ConnectTimeout')
  })

  it('stops with the process', async () => {
    const stop = new AbortController()
    primary.intercept = () => stop.abort(new Error('the process ends'))
    const told = tell(stop.signal)
    const ended = assert.rejects(told, /the process ends/)
    await clock.timers(2)
    await clock.advance(0)
    await ended
  })
})
