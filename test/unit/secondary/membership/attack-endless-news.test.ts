/** A primary that was joined and means harm, or two replicas of one that disagree: it names other addresses in every reply. */
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { createHeartbeatKeeper } from '../../../../src/secondary/membership/heartbeat.ts'
import { updatedMembership } from '../../../../src/secondary/membership/upkeep.decide.ts'
import { openLine } from '../../../../src/secondary/primary-client/line.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { type FakePrimary, startFakePrimary } from '../fake-primary.fixture.ts'
import { forever, lineDeps, silent } from '../lines.fixture.ts'
import { memberOf } from './member.fixture.ts'

let primary: FakePrimary
before(async () => {
  primary = await startFakePrimary()
})
after(async () => primary.close())

it('new addresses in a reply do not make the next heartbeat come sooner', async (t) => {
  let member = await memberOf(primary)
  const clock = createManualClock()
  const keeper = createHeartbeatKeeper({
    openLine: (options) => openLine(lineDeps(), options),
    report: () => ({ versions: { operator: '0.1.0', kubernetes: 'v1.36.3' }, health: 'ok' }),
    boot: 'boot-1',
    // What a pass over the objects makes of it.
    onNews: () => {
      const membership = updatedMembership(member.info.membership, keeper.contact())
      member = { ...member, info: { ...member.info, membership } }
      keeper.follow(member)
    },
    clock,
    random: () => 0.5,
    log: silent,
  })
  const end = new AbortController()
  t.after(() => end.abort())
  keeper.follow(member)
  const running = keeper.run(end.signal)

  for (const other of ['https://a.example', 'https://b.example']) {
    primary.reply = { status: 'ok', interval: 20, endpoints: [other] }
    await keeper.beat(forever)
    assert.deepEqual(member.info.membership.endpoints, [other])
    await clock.advance(19_999)
    // A heartbeat that had begun would have taken its timer with it.
    assert.equal(clock.pending(), 1)
  }
  end.abort()
  await running
})
