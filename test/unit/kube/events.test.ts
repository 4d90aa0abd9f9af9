import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KubeClient } from '../../../src/kube/client.ts'
import { createEventRecorder, type EventInput } from '../../../src/kube/events.ts'
import type { KubeEvent } from '../../../src/kube/objects.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import { createRecordingLog } from './recording-log.ts'

const regarding = { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'ns', name: 'a', uid: 'uid-a' } }
const event: EventInput = { regarding, type: 'Normal', reason: 'Filled', note: 'The token is filled' }

/** A recorder over a server that keeps what it is sent, in memory; `fail` makes it refuse. */
function setUp() {
  const clock = createManualClock()
  const { log, lines } = createRecordingLog()
  const created: KubeEvent[] = []
  const patches: { name: string; patch: unknown }[] = []
  const server = { fail: false }
  const client: Pick<KubeClient, 'create' | 'mergePatch'> = {
    async create(_kind, object) {
      if (server.fail) throw new Error('refused')
      created.push(object as unknown as KubeEvent)
      return object
    },
    async mergePatch(_kind, key, patch) {
      if (server.fail) throw new Error('refused')
      patches.push({ name: key.name, patch })
      return {} as never
    },
  }
  const recorder = createEventRecorder({ client, controller: 'example.com/operator', instance: 'pod-1', clock, log })
  return { clock, lines, created, patches, server, recorder }
}

describe('the recorder of Events', () => {
  it('counts repeats in one Event, at most once a minute', async () => {
    const { clock, created, patches, recorder } = setUp()
    for (let repeat = 0; repeat < 150; repeat++) {
      recorder.record(event)
      await clock.advance(1000)
    }
    await clock.advance(60_000)
    assert.equal(created.length, 1)
    assert.deepEqual(
      patches.map(({ patch }) => patch),
      [
        { series: { count: 61, lastObservedTime: '2030-01-01T00:01:00.000000Z' } },
        { series: { count: 121, lastObservedTime: '2030-01-01T00:02:00.000000Z' } },
        { series: { count: 150, lastObservedTime: '2030-01-01T00:02:29.000000Z' } },
      ],
    )
    assert.equal(patches[0]?.name, created[0]?.metadata.name)
  })

  it('writes what it has counted when flushed, and leaves no timer behind', async () => {
    const { clock, patches, recorder } = setUp()
    recorder.record(event)
    recorder.record(event)
    await recorder.flush()
    assert.equal(patches.length, 1)
    assert.equal(clock.pending(), 0)
  })

  it('begins a new Event when the last one is 10 minutes old', async () => {
    const { clock, created, recorder } = setUp()
    recorder.record(event)
    await clock.advance(599_999)
    recorder.record(event)
    await clock.advance(600_000)
    recorder.record(event)
    await recorder.flush()
    assert.equal(created.length, 2)
  })

  it('tells Events apart by object, type, reason and note', async () => {
    const { created, recorder } = setUp()
    recorder.record(event)
    recorder.record({ ...event, type: 'Warning' })
    recorder.record({ ...event, reason: 'Refused' })
    recorder.record({ ...event, note: 'Another note' })
    recorder.record({ ...event, regarding: { ...regarding, metadata: { ...regarding.metadata, uid: 'uid-b' } } })
    await recorder.flush()
    assert.equal(created.length, 5)
  })

  it('stops after 25 different Events about one object, and still reports others', async () => {
    const { clock, created, recorder } = setUp()
    for (let note = 0; note < 100; note++) recorder.record({ ...event, note: `note ${note}` })
    const other = { ...regarding, metadata: { ...regarding.metadata, uid: 'uid-b' } }
    recorder.record({ ...event, regarding: other })
    await recorder.flush()
    assert.equal(created.length, 26)
    await clock.advance(600_000)
    recorder.record({ ...event, note: 'ten minutes later' })
    await recorder.flush()
    assert.equal(created.length, 27)
  })

  it('never fails its caller, and tries a new Event the next time', async () => {
    const { created, lines, server, recorder } = setUp()
    server.fail = true
    recorder.record(event)
    await recorder.flush()
    assert.deepEqual(
      lines.map(({ level }) => level),
      ['debug'],
    )
    server.fail = false
    recorder.record(event)
    await recorder.flush()
    assert.equal(created.length, 1)
  })
})
