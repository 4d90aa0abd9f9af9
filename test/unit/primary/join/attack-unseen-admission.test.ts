/** The holder of an unscoped token cannot make so many joins that one of them, or what else is told of the token, goes unseen. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KubeClient } from '../../../../src/kube/client.ts'
import { createEventRecorder } from '../../../../src/kube/events.ts'
import type { KubeEvent, Secret } from '../../../../src/kube/objects.ts'
import { createAdmissionJournal } from '../../../../src/primary/join/admission-journal.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { createRecordingLog } from '../../kube/recording-log.ts'
import { namespace } from '../objects.fixture.ts'

const token: Secret = { metadata: { name: 'a', namespace, uid: 'object-a' } }
const fault = { regarding: token, type: 'Warning', reason: 'TokenNotIssued' } as const

/** The journal and the recorder as the primary has them, over an API server that keeps the Events. */
function world() {
  const clock = createManualClock()
  const { log } = createRecordingLog()
  const written: KubeEvent[] = []
  const client: Pick<KubeClient, 'create' | 'mergePatch'> = {
    async create(_kind, object) {
      written.push(object as unknown as KubeEvent)
      return object
    },
    mergePatch: async () => ({}) as never,
  }
  const events = createEventRecorder({ client, controller: 'example.com/operator', instance: 'pod-1', clock, log })
  const journal = createAdmissionJournal({ events, clock })
  const notes = (reason: string) => written.filter((event) => event.reason === reason).map(({ note }) => note)
  const named = () => notes('Joined').flatMap((note) => note.replace('admitted ', '').split(', '))
  return { clock, events, journal, notes, named }
}

const names = Array.from({ length: 1_000 }, (_, index) => `cluster-${index}`)

describe('a thousand joins with one token within ten minutes', () => {
  it('are each named in one Event on its Secret, at once or spread, with an Event for each fourteen or each five seconds', async () => {
    for (const everyMs of [0, 599]) {
      const { clock, events, journal, named, notes } = world()
      for (const name of names) {
        journal.admitted(token, name)
        await clock.advance(everyMs)
      }
      await clock.advance(5_000)
      await events.flush()
      assert.deepEqual(named(), names)
      assert.ok(notes('Joined').length <= Math.ceil(1_000 / 14) + 600 / 5)
    }
  })

  it('leave room for what else is told of the token, as far as that may go', async () => {
    const { clock, events, journal, named, notes } = world()
    for (const name of names) journal.admitted(token, name)
    journal.waits(token, 'west')
    await clock.advance(5_000)
    for (let count = 0; count < 30; count += 1) events.record({ ...fault, note: `fault ${count}` })
    journal.admitted(token, 'the-squatter')
    await clock.advance(5_000)
    await events.flush()
    assert.equal(notes('PendingApproval').length, 1)
    assert.equal(notes('TokenNotIssued').length, 25)
    assert.equal(named().at(-1), 'the-squatter')
  })
})
