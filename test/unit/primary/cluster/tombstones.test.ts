/** What is remembered of disconnected clusters: who, and until when each is forgotten again. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { configMapKind } from '../../../../src/kube/objects.ts'
import { createTombstones, tombstonesName } from '../../../../src/primary/cluster/tombstones.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { createMemoryApi, failure } from '../memory-api.fixture.ts'
import { at, namespace, noon } from '../objects.fixture.ts'
import { east, entry, world } from './tombstones.fixture.ts'

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

  it('is left where others write all the time, but not one of a time to come, which would end the next membership', async () => {
    const { api, tombstones } = await world()
    const answerAll = (answer: () => void) => {
      api.before = (request) => {
        if (request.startsWith('patch')) answer()
      }
    }
    for (const [time, isLeft] of [
      [noon, true],
      [noon + 1, false],
    ] as const) {
      answerAll(() => undefined)
      await tombstones.store({ ...east, at: time })
      answerAll(() => {
        throw failure(409, 'Conflict')
      })
      const forgotten = tombstones.forget(east, () => true)
      await (isLeft ? forgotten : assert.rejects(forgotten, { name: 'KubeApiError', status: 409 }))
    }
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
