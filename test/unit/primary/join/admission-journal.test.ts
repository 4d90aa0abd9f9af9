/** Who was admitted with a token is told on its Secret: everybody, and with few Events. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EventInput } from '../../../../src/kube/events.ts'
import type { Secret } from '../../../../src/kube/objects.ts'
import { createAdmissionJournal } from '../../../../src/primary/join/admission-journal.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { namespace } from '../objects.fixture.ts'

const token = (name: string): Secret => ({ metadata: { name, namespace, uid: `object-${name}` } })

function world() {
  const clock = createManualClock()
  const events: EventInput[] = []
  const recorder = { record: (event: EventInput) => events.push(event), flush: async () => undefined }
  const journal = createAdmissionJournal({ events: recorder, clock })
  return { clock, journal, events, notes: () => events.map(({ regarding, note }) => [regarding.metadata.name, note]) }
}

describe('an admission', () => {
  it('is told on the Secret of its token, within five seconds, under the reason of the condition', async () => {
    const { clock, events, journal } = world()
    journal.admitted(token('a'), 'east')
    await clock.advance(4_999)
    assert.deepEqual(events, [])
    await clock.advance(1)
    const told = { regarding: token('a'), type: 'Normal', reason: 'Joined', note: 'admitted east', isPaced: true }
    assert.deepEqual(events, [told])
  })

  it('is told apart from a wait for approval, which says what is to be done', async () => {
    const { clock, events, journal } = world()
    journal.admitted(token('a'), 'east')
    journal.waits(token('a'), 'west')
    journal.waits(token('a'), 'north')
    await clock.advance(5_000)
    const [admitted, waits] = events.map(({ reason, note }) => [reason, note])
    assert.deepEqual(admitted, ['Joined', 'admitted east'])
    const longest = Array.from({ length: 14 }, (_, index) => String(index).padStart(63, 'x'))
    for (const name of longest) journal.waits(token('b'), name)
    assert.ok(Buffer.byteLength(events.at(-1)?.note ?? '') <= 1_024)
    const note = 'approval asked for west, north: set spec.approved of the Cluster to true or false'
    assert.deepEqual(waits, ['PendingApproval', note])
  })

  it('shares an Event with those that come close to it, and with no other token', async () => {
    const { clock, journal, notes } = world()
    for (const [on, name] of [
      ['a', 'east'],
      ['b', 'north'],
      ['a', 'west'],
    ] as const) {
      journal.admitted(token(on), name)
      await clock.advance(1_000)
    }
    await clock.advance(5_000)
    assert.deepEqual(notes(), [
      ['a', 'admitted east, west'],
      ['b', 'admitted north'],
    ])
    journal.admitted(token('a'), 'south')
    await clock.advance(5_000)
    assert.deepEqual(notes().at(-1), ['a', 'admitted south'])
  })

  it('is in exactly one note, none of them longer than an Event may have, however many join', async () => {
    const { clock, events, journal } = world()
    const names = Array.from({ length: 100 }, (_, index) => `${String(index).padStart(3, '0')}${'x'.repeat(60)}`)
    for (const name of names) journal.admitted(token('a'), name)
    assert.equal(clock.pending(), 1)
    await clock.advance(5_000)
    assert.ok(events.every(({ note }) => Buffer.byteLength(note) <= 1_024))
    assert.ok(events.length <= 8)
    assert.deepEqual(
      events.flatMap(({ note }) => note.replace('admitted ', '').split(', ')),
      names,
    )
    assert.equal(clock.pending(), 0)
  })

  it('is told before the process ends', async () => {
    const { clock, journal, notes } = world()
    journal.admitted(token('a'), 'east')
    journal.admitted(token('b'), 'west')
    journal.flush()
    journal.flush()
    await clock.advance(5_000)
    assert.deepEqual(notes(), [
      ['a', 'admitted east'],
      ['b', 'admitted west'],
    ])
  })
})
