/** What is remembered of disconnected clusters: who, for how long, and how many. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EventInput } from '../../../../src/kube/events.ts'
import { configMapKind } from '../../../../src/kube/objects.ts'
import { createTombstones, tombstonesName } from '../../../../src/primary/cluster/tombstones.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { createMemoryApi, failure } from '../memory-api.fixture.ts'
import { at, namespace, noon } from '../objects.fixture.ts'

const day = 24 * 3_600_000
const east = { uid: 'uid-east', keyId: 'key-east', name: 'east', at: noon, isAcknowledged: false }

async function world() {
  const api = createMemoryApi()
  const clock = createManualClock({ now: noon })
  const told: EventInput[] = []
  const events = { record: (event: EventInput) => told.push(event) }
  const tombstones = createTombstones({
    client: api.client,
    informer: api.cache(configMapKind),
    events,
    namespace,
    clock,
  })
  await tombstones.prepare()
  api.sync()
  return {
    api,
    clock,
    tombstones,
    told,
    data: () => api.stored(configMapKind, tombstonesName, namespace)?.data ?? {},
    /** As if these had been stored long ago, or by a user. */
    fill: (data: Record<string, string>) =>
      api.put(configMapKind, { metadata: { name: tombstonesName, namespace }, data }),
  }
}
const entry = (fields: { at?: number }) => JSON.stringify({ name: 'x', time: at(fields.at ?? noon) })

describe('a tombstone', () => {
  it('is found live by uid and key, and by nothing less', async () => {
    const { tombstones } = await world()
    await tombstones.store(east)
    assert.deepEqual(await tombstones.findLive(east), east)
    for (const other of [
      { uid: 'uid-eas' },
      { uid: 'UID-EAST' },
      { keyId: 'key-eas' },
      { keyId: '' },
      { uid: '__proto__' },
    ])
      assert.equal(await tombstones.findLive({ ...east, ...other }), undefined)
  })

  it('replaces an older one of the same cluster, and leaves the others', async () => {
    const { tombstones } = await world()
    await tombstones.store({ uid: 'uid-west', keyId: 'key-west', name: 'west', at: noon, isAcknowledged: false })
    await tombstones.store(east)
    const again = { ...east, name: 'renamed', at: noon + 1 }
    await tombstones.store(again)
    assert.deepEqual(await tombstones.findLive(again), again)
    assert.notEqual(await tombstones.findLive({ uid: 'uid-west', keyId: 'key-west' }), undefined)
  })

  it('is forgotten when it is over, with the key before, also where it is gone already', async () => {
    const { api, data, tombstones } = await world()
    await tombstones.store({ ...east, previousKeyId: 'key-before' })
    api.sync()
    await tombstones.forget(east, () => true)
    assert.deepEqual(data(), {})
    await tombstones.forget(east, () => true)
    api.removeUnseen(configMapKind, tombstonesName, namespace)
    await tombstones.forget(east, () => true)
  })

  it('stays where it is not over, though the cache shows an older one that is', async () => {
    const { api, tombstones } = await world()
    await tombstones.store(east)
    api.sync()
    const again = { ...east, at: noon + 1_000 }
    await tombstones.store(again)
    await tombstones.forget(east, ({ at: since }) => since === noon)
    assert.deepEqual(await tombstones.findLive(east), again)
  })

  it('is not forgotten with another in its place that came while it was looked at', async () => {
    const { api, tombstones } = await world()
    await tombstones.store(east)
    const west = { ...east, uid: 'uid-west' }
    await tombstones.store(west)
    api.sync()
    const again = { ...east, at: noon + 1_000 }
    const time = at(again.at)
    api.before = (request) => {
      if (!request.startsWith('patch')) return
      api.before = () => undefined
      const stored = { ...api.stored(configMapKind, tombstonesName, namespace)?.data }
      const data = { ...stored, 'uid-east.key-east': JSON.stringify({ name: 'east', time }) }
      api.putUnseen(configMapKind, { metadata: { name: tombstonesName, namespace }, data })
    }
    await tombstones.forget(east, ({ at: since }) => since === noon)
    assert.deepEqual([await tombstones.findLive(east), await tombstones.findLive(west)], [again, west])
  })

  it('is stored also where somebody has deleted all of them', async () => {
    const { api, tombstones } = await world()
    api.removeUnseen(configMapKind, tombstonesName, namespace)
    await tombstones.store(east)
    assert.deepEqual(await tombstones.findLive(east), east)
  })

  it('is not believed stored where the API server fails', async () => {
    const { api, fill, tombstones } = await world()
    fill({ 'uid-east.key-east': entry({}) })
    api.before = () => {
      throw failure(500, 'InternalError')
    }
    await assert.rejects(
      tombstones.forget(east, () => true),
      { name: 'KubeApiError', status: 500 },
    )
    await assert.rejects(tombstones.store(east), { name: 'KubeApiError', status: 500 })
    await assert.rejects(tombstones.findLive(east), { name: 'KubeApiError', status: 500 })
  })
})

describe('a cluster that joins under the uid of a disconnected one, which anybody can know', () => {
  it('takes away nothing that is remembered of that one, however it leaves', async () => {
    const { api, tombstones } = await world()
    await tombstones.store(east)
    const impostor = { ...east, keyId: 'key-impostor', at: noon + 1, isAcknowledged: true }
    await tombstones.store(impostor)
    assert.deepEqual(await tombstones.findLive(east), east)
    assert.deepEqual(await tombstones.findLive(impostor), impostor)
    api.sync()
    await tombstones.forget(impostor, () => true)
    assert.equal(await tombstones.findLive(impostor), undefined)
    assert.deepEqual(await tombstones.findLive(east), east)
  })
})

describe('tombstones that are too many or too old', () => {
  it('go with the next write after 90 days, and not before', async () => {
    const { clock, data, fill, tombstones } = await world()
    fill({ 'old.key': entry({ at: noon }), 'young.key': entry({ at: noon + 1 }) })
    await clock.advance(90 * day + 1)
    await tombstones.store({ ...east, at: clock.now() }, clock.now())
    assert.deepEqual(Object.keys(data()).toSorted(), ['uid-east.key-east', 'young.key'])
  })

  it('stay where one clock alone calls them old, the one of the primary or the one of its API server', async () => {
    const tenYears = 3_650 * day
    for (const [ahead, deletedAt] of [
      [tenYears, noon],
      [0, noon + tenYears],
      [tenYears, undefined],
      [tenYears, Number.NaN],
    ] as const) {
      const { clock, data, fill, tombstones, told } = await world()
      fill({ 'young.key': entry({ at: noon - day }) })
      await clock.advance(ahead)
      await tombstones.store({ ...east, at: clock.now() }, deletedAt)
      assert.deepEqual(Object.keys(data()).toSorted(), ['uid-east.key-east', 'young.key'])
      assert.deepEqual(told, [])
    }
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
    await tombstones.store(east, noon)
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
    await tombstones.store({ ...east, at: clock.now() }, clock.now())
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
    await tombstones.store(east, noon)
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
    const longest = { uid: 'u'.repeat(64), keyId: 'k'.repeat(43), name: 'n'.repeat(63), at: noon, isAcknowledged: true }
    await tombstones.store({ ...longest, primaryKeyId: 'p'.repeat(43), previousKeyId: 'q'.repeat(43) })
    const own = Object.entries(data()).find(([entry]) => entry.endsWith(longest.keyId))
    assert.ok(own)
    const [entry, value] = own
    assert.ok(4_000 * value.length < 1_048_576)
    // Quotes and lengths around each.
    assert.ok(4_000 * (entry.length + value.length + 10) < 1_500_000)
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

describe('what a user has made of the tombstones', () => {
  it('disconnects nobody, holds up no other, and goes with the next write where it has no date', async () => {
    for (const written of ['', 'x', '{}', 'null', '[]', '{"name":"east","time":"yesterday"}']) {
      const { data, fill, tombstones } = await world()
      fill({ 'uid-east.key-east': written })
      assert.equal(await tombstones.findLive(east), undefined, written)
      await tombstones.store({ ...east, uid: 'uid-west' })
      assert.deepEqual(Object.keys(data()), ['uid-west.key-east'], written)
    }
  })

  it('is not made empty by a restart', async () => {
    const { api, tombstones } = await world()
    await tombstones.store(east)
    await tombstones.prepare()
    assert.deepEqual(await tombstones.findLive(east), east)
    assert.equal(api.requests.filter((request) => request.startsWith('create')).length, 1)
  })
})

describe('two replicas that start at once', () => {
  it('make one ConfigMap, and neither fails', async () => {
    const api = createMemoryApi()
    const clock = createManualClock()
    const replica = () =>
      createTombstones({
        client: api.client,
        informer: api.cache(configMapKind),
        events: { record: () => undefined },
        namespace,
        clock,
      })
    await Promise.all([replica().prepare(), replica().prepare()])
    assert.equal(api.all(configMapKind).length, 1)
  })
})
