/** When a member was last heard, by whom ever, by a clock that nobody can set back. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Contact } from '../../../../src/primary/cluster/health.decide.ts'
import { createSightings } from '../../../../src/primary/cluster/sightings.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { healthy } from '../heartbeat/heartbeat-world.fixture.ts'
import { at, cluster, member, noon } from '../objects.fixture.ts'

const faulty = { ...healthy, health: 'disk-full' }
const clusterOf = (name: string, uid: string) => cluster(name, { spec: { member: member({ uid }) } })
const east = clusterOf('east', 'uid-east')
const west = clusterOf('west', 'uid-west')
const confirmed = {
  ...east,
  status: {
    conditions: [
      { type: 'Joined' as const, status: 'True' as const, reason: 'Joined', message: '', lastTransitionTime: at(noon) },
    ],
  },
}

describe('a sighting', () => {
  it('has the wall clock of its heartbeat, and an age that the wall clock does not change', async () => {
    const clock = createManualClock({ now: noon })
    let setBack = 0
    const sightings = createSightings({ ...clock, now: () => clock.now() - setBack })
    sightings.record(east, healthy, 'run1')
    await clock.advance(7_000)
    setBack = 3_600_000
    assert.deepEqual(sightings.contact(east), { at: noon, age: 7_000, gap: Infinity, heartbeat: healthy })
  })

  it('is replaced by the next one', async () => {
    const clock = createManualClock({ now: noon })
    const sightings = createSightings(clock)
    sightings.record(east, healthy, 'run1')
    await clock.advance(20_000)
    sightings.record(east, faulty, 'run1')
    assert.deepEqual(sightings.contact(east), { at: noon + 20_000, age: 0, gap: 20_000, heartbeat: faulty })
  })

  it('belongs to one cluster: its name may have passed to another since', () => {
    const sightings = createSightings(createManualClock())
    sightings.record(east, healthy, 'run1')
    for (const uid of ['uid-other', 'uid-eas', '']) assert.equal(sightings.contact(clusterOf('east', uid)), undefined)
    assert.equal(sightings.contact(cluster('east')), undefined)
    assert.equal(sightings.contact(clusterOf('west', 'uid-east')), undefined)
    sightings.record(clusterOf('east', 'uid-other'), healthy, 'run1')
    assert.equal(sightings.contact(east), undefined)
  })

  it('is forgotten with its Cluster', () => {
    const sightings = createSightings(createManualClock())
    sightings.record(east, healthy, 'run1')
    sightings.record(west, healthy, 'run1')
    sightings.follow({ type: 'deleted', object: east })
    assert.equal(sightings.contact(east), undefined)
    assert.notEqual(sightings.contact(west), undefined)
  })
})

describe('what this process has heard', () => {
  it('is every member once, with the age of its last heartbeat, and a count of all heartbeats', async () => {
    const clock = createManualClock()
    const sightings = createSightings(clock)
    sightings.record(east, faulty, 'run1')
    sightings.record(west, healthy, 'run1')
    await clock.advance(1_000)
    sightings.record(east, healthy, 'run2')
    await clock.advance(500)
    assert.deepEqual(sightings.heard(), [
      { uid: 'uid-east', age: 500, gap: 1_000, heartbeat: healthy, run: 'run2' },
      { uid: 'uid-west', age: 1_500, gap: Infinity, heartbeat: healthy, run: 'run1' },
    ])
    assert.equal(sightings.heartbeats(), 3)
  })
})

describe('a member that two replicas hear', () => {
  const toldAge = 10_000
  const told: Contact = { at: noon - toldAge, age: toldAge, gap: 60_000, heartbeat: faulty }
  const clock = createManualClock({ now: noon })
  const sightings = () => createSightings(clock, (uid) => (uid === 'uid-east' ? told : undefined))

  it('was last heard by whoever heard it last', async () => {
    const both = sightings()
    assert.equal(both.contact(confirmed), told)
    both.record(confirmed, healthy, 'run1')
    await clock.advance(toldAge - 1)
    assert.equal(both.contact(confirmed)?.heartbeat.health, 'ok')
    await clock.advance(2)
    assert.equal(both.contact(confirmed)?.heartbeat.health, 'disk-full')
  })

  it('has beaten twice in a row where each of them has heard one', async () => {
    const both = sightings()
    both.record(confirmed, healthy, 'run1')
    assert.equal(both.contact(confirmed)?.gap, toldAge, 'theirs, and then ours')
    await clock.advance(toldAge + 3_000)
    assert.equal(both.contact(confirmed)?.gap, 3_000, 'ours, and then theirs')
    await clock.advance(1)
    both.record(confirmed, healthy, 'run1')
    assert.equal(both.contact(confirmed)?.gap, toldAge, 'theirs again, and not our own of before')
  })

  it('is another member where its name has passed to another cluster, and that one has beaten once', async () => {
    const both = sightings()
    both.record(west, healthy, 'run1')
    await clock.advance(1_000)
    const successor = clusterOf('west', 'uid-other')
    both.record(successor, healthy, 'run1')
    assert.equal(both.contact(successor)?.gap, Infinity)
  })

  it('is not confirmed by what others tell: that may be of an earlier Cluster of the same member', () => {
    assert.equal(sightings().contact(east), undefined)
  })

  it('is told on only by who has heard it', () => {
    assert.deepEqual(sightings().heard(), [])
    assert.equal(sightings().heartbeats(), 0)
  })
})

describe('the time that a process has been judging', () => {
  it('counts from its start, and anew from when it becomes the one that judges', async () => {
    const clock = createManualClock()
    await clock.advance(5_000)
    const sightings = createSightings(clock)
    assert.equal(sightings.listening(east), 0)
    await clock.advance(40_000)
    assert.equal(sightings.listening(east), 40_000)
    sightings.beginJudging()
    assert.equal(sightings.listening(east), 0)
    await clock.advance(1_000)
    assert.equal(sightings.listening(east), 1_000)
  })

  it('counts for a newcomer from when it is seen to be a member, whatever date it bears', async () => {
    const clock = createManualClock()
    const sightings = createSightings(clock)
    sightings.follow({ type: 'added', object: confirmed })
    await clock.advance(5_000)
    sightings.beginJudging()
    await clock.advance(100_000)
    assert.equal(sightings.listening(confirmed), 100_000, 'a member before this process came to judge')

    const newcomer = { ...west, status: confirmed.status }
    sightings.follow({ type: 'added', object: west })
    await clock.advance(50_000)
    assert.equal(sightings.listening(west), 150_000, 'it waits for approval, or for its first heartbeat')
    sightings.follow({ type: 'updated', object: newcomer, previous: west })
    await clock.advance(1_000)
    sightings.follow({ type: 'updated', object: newcomer, previous: newcomer })
    assert.equal(sightings.listening(newcomer), 1_000)
    sightings.follow({ type: 'deleted', object: newcomer })
    assert.equal(sightings.listening(newcomer), 151_000, 'nothing is kept of who has gone')
  })
})

describe('the time that the first heartbeat of a join has been awaited', () => {
  const joinedAs = (uid: string) =>
    cluster('east', { metadata: { uid: `made-${uid}` }, spec: { member: member({ uid }) } })

  it('counts from when this process has learnt of the join, and is not begun anew by what else is written', async () => {
    const clock = createManualClock()
    const sightings = createSightings(clock)
    const first = joinedAs('uid-1')
    assert.equal(sightings.awaited(first), 0)
    sightings.follow({ type: 'added', object: first })
    await clock.advance(5_000)
    sightings.follow({ type: 'updated', object: first, previous: first })
    sightings.beginJudging()
    await clock.advance(1_000)
    assert.equal(sightings.awaited(first), 6_000)
  })

  it('begins anew with the next one who joins under the name', async () => {
    const clock = createManualClock()
    const sightings = createSightings(clock)
    const [first, second] = [joinedAs('uid-1'), joinedAs('uid-2')]
    sightings.follow({ type: 'added', object: first })
    await clock.advance(5_000)
    assert.equal(sightings.awaited(second), 0, 'it is in no cache yet')
    sightings.follow({ type: 'updated', object: second, previous: first })
    await clock.advance(1_000)
    assert.equal(sightings.awaited(second), 1_000)
    sightings.follow({ type: 'deleted', object: second })
    assert.equal(sightings.awaited(second), 0)
  })

  it('is over once it has come', async () => {
    const clock = createManualClock()
    const sightings = createSightings(clock)
    const before = joinedAs('uid-1')
    const after = { ...before, status: confirmed.status }
    sightings.follow({ type: 'added', object: before })
    await clock.advance(5_000)
    sightings.follow({ type: 'updated', object: after, previous: before })
    assert.equal(sightings.awaited(after), 0)
  })
})
