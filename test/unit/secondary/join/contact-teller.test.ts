/** What a member's status says of its primary: at once what is so, and seldom enough where it changes all the time. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { annotations as names } from '../../../../src/api/group.ts'
import { ProtocolError } from '../../../../src/protocol/errors.ts'
import { contactAnnotations, createContactTeller } from '../../../../src/secondary/join/contact-teller.ts'
import { readStatus, type StoredStatus, statusToWrite } from '../../../../src/secondary/join/status.ts'
import { type Contact, noContact } from '../../../../src/secondary/membership/heartbeat.decide.ts'
import { createManualClock } from '../../../support/manual-clock.ts'

const refused = new ProtocolError('ConnectRefused', 'a', { remedy: 'b' })
const statement = { status: 'Joined', msg: '', hash: 'h' } as const

/** A member whose status is written as its reconciler does it. */
function member() {
  const clock = createManualClock()
  const teller = createContactTeller(clock)
  let stored: StoredStatus | undefined
  let writes = 0
  let contact: Contact = noContact()
  return {
    clock,
    writes: () => writes,
    error: () => stored?.annotations[names.contactError],
    /** The last beat has ended so; returns when the reconciler looks again, milliseconds. */
    async beat(failure?: ProtocolError): Promise<number> {
      await clock.advance(20_000)
      contact = { ...contact, failure, ...(failure === undefined ? { lastAt: clock.now() } : {}) }
      return this.look()
    },
    look(): number {
      const { annotations, lookAgainMs } = teller.tell(contact, stored)
      const write = statusToWrite(stored, { statement, annotations, dialect: 'first' }, clock.now())
      if (write === undefined) return lookAgainMs
      writes += 1
      stored = readStatus({ metadata: { name: 'mc-join-status', annotations: write.annotations }, data: write.data })
      return lookAgainMs
    },
  }
}

describe('the status of a member', () => {
  it('tells at once that the primary does not answer, and that it answers again', async () => {
    const east = member()
    await east.beat()
    assert.equal(east.error(), undefined)
    await east.beat(refused)
    assert.equal(east.error(), 'ConnectRefused: a; b')
    await east.beat()
    assert.equal(east.error(), undefined)
  })

  it('costs nothing while the primary is away, but for the moment it goes', async () => {
    const east = member()
    await east.beat()
    const before = east.writes()
    for (let beat = 0; beat < 180; beat += 1) await east.beat(refused)
    assert.equal(east.error(), 'ConnectRefused: a; b')
    assert.equal(east.writes() - before, 1, 'in an hour')
  })

  it('costs six writes in ten minutes where the primary answers every other time, and then tells what is so', async () => {
    const east = member()
    let lookAgain = 0
    for (let beat = 0; beat < 180; beat += 1) lookAgain = await east.beat(beat % 2 === 0 ? refused : undefined)
    assert.ok(east.writes() <= 6 * 6, `${east.writes()} writes in an hour`)
    lookAgain = await east.beat(refused)
    assert.ok(lookAgain <= 600_000, `it looks again after ${lookAgain} ms`)
    await east.clock.advance(lookAgain)
    east.look()
    assert.equal(east.error(), 'ConnectRefused: a; b')
    lookAgain = await east.beat()
    await east.clock.advance(lookAgain)
    east.look()
    assert.equal(east.error(), undefined)
  })

  it('keeps what an earlier process has found out until there is something new', () => {
    const stored = readStatus({
      metadata: {
        name: 'mc-join-status',
        annotations: { [names.lastContact]: '2029-12-31T00:00:00Z', [names.contactError]: 'ConnectRefused: a; b' },
      },
      data: statusToWrite(undefined, { statement, annotations: {}, dialect: 'first' }, 0)?.data ?? {},
    })
    assert.deepEqual(contactAnnotations(noContact(), stored), stored?.annotations)
    const now = Date.UTC(2030, 0, 1)
    assert.deepEqual(contactAnnotations({ ...noContact(), lastAt: now }, stored), {
      [names.lastContact]: '2030-01-01T00:00:00Z',
    })
    const busy = new ProtocolError('Busy', 'c', { remedy: 'd' })
    assert.deepEqual(contactAnnotations({ ...noContact(), failure: busy }, stored), {
      [names.lastContact]: '2029-12-31T00:00:00Z',
      [names.contactError]: 'Busy: c; d',
    })
  })
})
