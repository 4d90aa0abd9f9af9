/** Which disconnections are no longer remembered: those that are too old, too many, or known to their clusters. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Clock } from '../../../../src/lib/clock.ts'
import { tombstonesName } from '../../../../src/primary/cluster/tombstones.ts'
import { at, noon } from '../objects.fixture.ts'
import { day, east, entry, world } from './tombstones.fixture.ts'

/** The tombstone of a Cluster that is deleted at this moment, where all clocks agree. */
const deletedNow = (clock: Pick<Clock, 'now'>) => ({ ...east, at: clock.now(), deletedAt: clock.now() })

describe('tombstones that are too many or too old', () => {
  it('go with the next write after 90 days, and not before', async () => {
    const { clock, data, fill, tombstones } = await world()
    fill({ 'old.key': entry({ at: noon }), 'young.key': entry({ at: noon + 1 }) })
    await clock.advance(90 * day + 1)
    await tombstones.store(deletedNow(clock))
    assert.deepEqual(Object.keys(data()).toSorted(), ['uid-east.key-east', 'young.key'])
  })

  it('stay where one clock alone calls them old, the one of the primary or the one of its API server', async () => {
    const tenYears = 3_650 * day
    for (const [ahead, deletedAt] of [
      [tenYears, noon],
      [0, noon + tenYears],
      [tenYears, undefined],
    ] as const) {
      const { clock, data, fill, tombstones, told } = await world()
      fill({ 'young.key': entry({ at: noon - day }) })
      await clock.advance(ahead)
      await tombstones.store({ ...east, at: clock.now(), deletedAt })
      assert.deepEqual(Object.keys(data()).toSorted(), ['uid-east.key-east', 'young.key'])
      assert.deepEqual(told, [])
    }
  })

  it('stay where the clock of their own primary was years behind, until they are old by that of its API server', async () => {
    const { api, clock, data, tombstones } = await world()
    const behind = { ...east, uid: 'uid-behind', at: noon - 3_650 * day, deletedAt: noon }
    await tombstones.store(behind)
    const entries = async (passed: number) => {
      await clock.advance(passed)
      api.sync()
      await tombstones.store(deletedNow(clock))
      return Object.keys(data()).toSorted()
    }
    // It is stored to the day, which began at midnight.
    assert.deepEqual(await entries(89 * day), ['uid-behind.key-east', 'uid-east.key-east'])
    assert.deepEqual(await entries(2 * day), ['uid-east.key-east'])
  })

  it('are never more than 4,000: the oldest go', async () => {
    const { data, fill, tombstones } = await world()
    const many = Array.from({ length: 4_000 }, (_, index) => [`uid-${index}.key`, entry({ at: noon - index })] as const)
    fill(Object.fromEntries(many))
    await tombstones.store(east)
    assert.equal(Object.keys(data()).length, 4_000)
    assert.equal('uid-3999.key' in data(), false)
    assert.equal('uid-3998.key' in data(), true)
  })

  it('that go before their clusters have heard of them are told of by name, and no others', async () => {
    const { api, clock, tombstones, told, fill } = await world()
    const past = at(noon - 91 * day)
    const old = (name: string, more: object = {}) => JSON.stringify({ name, time: past, ...more })
    fill({ 'uid-1.key-1': old('west'), 'uid-2.key-2': old('knows', { acknowledged: true }), 'uid-3.key-3': 'damaged' })
    await tombstones.store({ ...east, deletedAt: noon })
    const notes = told.map(({ regarding, type, reason, note }) => [regarding.metadata.name, type, reason, note])
    assert.deepEqual(notes, [
      [
        tombstonesName,
        'Warning',
        'TombstonesDropped',
        'no longer remembered as disconnected: west, which never heard of it; whoever of them is on again asks to come back',
      ],
    ])
    api.sync()
    await tombstones.store(deletedNow(clock))
    assert.equal(told.length, 1)
  })

  it('that go in great number are told of in one sentence that fits', async () => {
    const { tombstones, told, fill } = await world()
    const time = at(noon - 91 * day)
    const name = (index: number) => `${'n'.repeat(59)}${1_000 + index}`
    fill(
      Object.fromEntries(
        Array.from({ length: 50 }, (_, n) => [`uid-${n}.key`, JSON.stringify({ name: name(n), time })]),
      ),
    )
    await tombstones.store({ ...east, deletedAt: noon })
    assert.equal(told.length, 1)
    const { note = '' } = told[0] ?? {}
    assert.match(note, / and 37 more, which never heard of it/)
    assert.ok(note.length <= 1024, String(note.length))
  })

  it('go where their clusters know of them before any that somebody is still to hear of', async () => {
    const { data, fill, tombstones } = await world()
    const left = JSON.stringify({ name: 'x', time: at(noon + 1), acknowledged: true })
    const flood = Array.from({ length: 3_999 }, (_, index) => [`uid-${index}.key`, left] as const)
    fill({ ...Object.fromEntries(flood), 'uid-offline.key': entry({ at: noon - day }) })
    await tombstones.store({ ...east, isAcknowledged: true })
    assert.equal(Object.keys(data()).length, 4_000)
    assert.ok('uid-offline.key' in data())
  })

  it('fit one ConfigMap: its values may have a megabyte together, and the whole object half as much again', async () => {
    const { data, tombstones } = await world()
    const longest = { uid: 'u'.repeat(64), keyId: 'k'.repeat(43), name: 'n'.repeat(63), at: noon, deletedAt: noon }
    const keys = { primaryKeyId: 'p'.repeat(43), previousKeyId: 'q'.repeat(43) }
    for (const isAcknowledged of [true, false]) {
      await tombstones.store({ ...longest, ...keys, isAcknowledged })
      const own = Object.entries(data()).find(([entry]) => entry.endsWith(longest.keyId))
      assert.ok(own)
      const [entry, value] = own
      assert.ok(4_000 * value.length < 1_048_576)
      // Quotes and lengths around each.
      assert.ok(4_000 * (entry.length + value.length + 10) < 1_500_000)
    }
  })
})

describe('acknowledged tombstones', () => {
  const acknowledged = { ...east, isAcknowledged: true }

  it('go at two minutes, each at its time, and leave those that are not', async () => {
    const { api, clock, data, tombstones } = await world()
    const forget = async () => {
      api.sync()
      return tombstones.dropAcknowledged()
    }
    assert.equal(await forget(), undefined)
    await tombstones.store(acknowledged)
    await tombstones.store({ ...acknowledged, uid: 'uid-west', at: noon + 30_000 })
    await tombstones.store({ ...east, uid: 'uid-north' })
    assert.equal(await forget(), 120_000)
    await clock.advance(119_999)
    assert.equal(await forget(), 1)
    await clock.advance(1)
    assert.equal(await forget(), 30_000)
    assert.deepEqual(Object.keys(data()).toSorted(), ['uid-north.key-east', 'uid-west.key-east'])
    await clock.advance(30_000)
    assert.equal(await forget(), undefined)
    assert.deepEqual(Object.keys(data()), ['uid-north.key-east'])
  })

  it('are found as such', async () => {
    const { tombstones } = await world()
    await tombstones.store(acknowledged)
    assert.deepEqual(await tombstones.findLive(east), acknowledged)
  })

  it('are not dropped with a newer one in their place that the cache has not seen', async () => {
    const { api, clock, tombstones } = await world()
    await tombstones.store(acknowledged)
    api.sync()
    await clock.advance(120_000)
    const newer = { ...east, at: clock.now() }
    await tombstones.store(newer)
    await assert.rejects(tombstones.dropAcknowledged(), { name: 'KubeApiError', status: 409 })
    assert.deepEqual(await tombstones.findLive(east), newer)
  })
})
