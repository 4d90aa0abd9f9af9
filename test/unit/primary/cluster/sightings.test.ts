/** When a member was last heard, by a clock that nobody can set back. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createSightings } from '../../../../src/primary/cluster/sightings.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { healthy } from '../heartbeat/heartbeat-world.fixture.ts'
import { noon } from '../objects.fixture.ts'

describe('a sighting', () => {
  it('has the wall clock of its heartbeat, and an age that the wall clock does not change', async () => {
    const clock = createManualClock({ now: noon })
    let setBack = 0
    const sightings = createSightings({ ...clock, now: () => clock.now() - setBack })
    sightings.record('east', 'uid-east', healthy)
    await clock.advance(7_000)
    setBack = 3_600_000
    assert.deepEqual(sightings.contact('east', 'uid-east'), { at: noon, age: 7_000, heartbeat: healthy })
  })

  it('is replaced by the next one', async () => {
    const clock = createManualClock({ now: noon })
    const sightings = createSightings(clock)
    sightings.record('east', 'uid-east', healthy)
    await clock.advance(20_000)
    sightings.record('east', 'uid-east', { ...healthy, health: 'disk-full' })
    assert.deepEqual(sightings.contact('east', 'uid-east'), {
      at: noon + 20_000,
      age: 0,
      heartbeat: { ...healthy, health: 'disk-full' },
    })
  })

  it('belongs to one cluster: its name may have passed to another since', () => {
    const sightings = createSightings(createManualClock())
    sightings.record('east', 'uid-east', healthy)
    for (const uid of ['uid-other', 'uid-eas', '', undefined]) assert.equal(sightings.contact('east', uid), undefined)
    assert.equal(sightings.contact('west', 'uid-east'), undefined)
    sightings.record('east', 'uid-other', healthy)
    assert.equal(sightings.contact('east', 'uid-east'), undefined)
  })

  it('is forgotten with its Cluster', () => {
    const sightings = createSightings(createManualClock())
    sightings.record('east', 'uid-east', healthy)
    sightings.record('west', 'uid-west', healthy)
    sightings.forget('east')
    assert.equal(sightings.contact('east', 'uid-east'), undefined)
    assert.notEqual(sightings.contact('west', 'uid-west'), undefined)
  })

  it('is counted from the start of this process on', async () => {
    const clock = createManualClock()
    await clock.advance(5_000)
    const sightings = createSightings(clock)
    assert.equal(sightings.listening(), 0)
    await clock.advance(40_000)
    assert.equal(sightings.listening(), 40_000)
  })
})
