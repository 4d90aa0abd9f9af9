/** Somebody who has taken over the name of the primary, speaks the protocol with a key of his own, and replays the true one. */
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { Reply } from '../../../../src/protocol/reply.ts'
import { createHeartbeatKeeper, type HeartbeatKeeper } from '../../../../src/secondary/membership/heartbeat.ts'
import { openLine } from '../../../../src/secondary/primary-client/line.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { type FakePrimary, startFakePrimary } from '../fake-primary.fixture.ts'
import { forever, lineDeps, silent } from '../lines.fixture.ts'
import { memberOf } from './member.fixture.ts'

describe('a rogue primary under the address of the true one', () => {
  let primary: FakePrimary
  let rogue: FakePrimary
  let keeper: HeartbeatKeeper

  before(async () => {
    // No TLS is in the way: what holds here holds behind a stolen certificate too.
    primary = await startFakePrimary({ tls: false })
    rogue = await startFakePrimary({ tls: false })
  })
  after(async () => {
    await primary.close()
    await rogue.close()
  })

  /** A member whose beats have been answered, and go to the rogue from now on. */
  beforeEach(async () => {
    primary.intercept = undefined
    primary.reply = { status: 'ok', interval: 20 }
    rogue.intercept = undefined
    keeper = createHeartbeatKeeper({
      openLine: (options) => openLine(lineDeps(), options),
      report: () => ({ versions: { operator: '0.1.0', kubernetes: 'v1.36.3' }, health: 'ok' }),
      boot: 'boot-1',
      onNews: () => undefined,
      onBeat: () => undefined,
      clock: createManualClock(),
      random: () => 0.5,
      log: silent,
    })
    const member = { ...(await memberOf(primary)), allowHttp: true }
    keeper.follow(member)
    assert.deepEqual((await keeper.beat(forever)).word, { kind: 'ok' })
    const { info } = member
    const membership = { ...info.membership, endpoint: rogue.endpoint, endpoints: [rogue.endpoint] }
    keeper.follow({ ...member, info: { ...info, membership } })
  })

  async function assertUnmoved(what: string): Promise<void> {
    const asked = rogue.requests.length
    const { word, failure } = await keeper.beat(forever)
    assert.ok(rogue.requests.length > asked, `${what}: the rogue was asked`)
    assert.ok(word.kind === 'none' || word.kind === 'ok', `${what}: ${word.kind}`)
    assert.ok(
      ['PrimaryKeyMismatch', 'NotOurServer', 'NonceInvalid'].includes(failure?.code ?? ''),
      `${what}: ${failure?.code}`,
    )
  }

  const replies: readonly Reply[] = [
    { status: 'ok', interval: 20 },
    { status: 'Disconnected', at: 1_893_456_000 },
    { status: 'UnknownCluster' },
    { status: 'KeyMismatch' },
  ]
  for (const reply of replies)
    it(`is not believed with ${reply.status} that it has signed itself, for this very beat`, async () => {
      rogue.reply = reply
      await assertUnmoved(reply.status)
    })

  it('is not believed with a genuine disconnection that it has recorded, whatever status it gives it', async () => {
    let recorded = ''
    primary.reply = { status: 'Disconnected', at: 1_893_456_000 }
    primary.intercept = async (request, response, body) => {
      recorded = await textOf(response, async () => primary.answer(request, response, body))
    }
    const victim = await memberOf(primary)
    keeper.follow({ ...victim, allowHttp: true })
    assert.equal((await keeper.beat(forever)).word.kind, 'disconnected')
    assert.match(recorded, /"reply":/)
    const { info } = victim
    const membership = { ...info.membership, endpoint: rogue.endpoint, endpoints: [rogue.endpoint] }
    keeper.follow(undefined)
    keeper.follow({ ...victim, allowHttp: true, info: { ...info, membership } })
    for (const status of [410, 404, 403, 200]) {
      rogue.intercept = (_request, response) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(recorded)
      }
      await assertUnmoved(`a recorded 410 with status ${status}`)
    }
  })
})

/** What an answer says, once it is complete. */
async function textOf(response: ServerResponse, answer: () => void | Promise<void>): Promise<string> {
  let text = ''
  const end = response.end.bind(response)
  response.end = ((piece: string) => {
    text = piece
    return end(piece)
  }) as typeof response.end
  await answer()
  return text
}
