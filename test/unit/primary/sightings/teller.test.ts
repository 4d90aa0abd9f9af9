/** How often a replica tells whom it has heard: seldom, only where it is news to somebody, and nothing after its end. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sightingsLabel } from '../../../../src/api/group.ts'
import { decodeSightings, memberId, type Sighting, sightingsName } from '../../../../src/api/sightings.ts'
import type { KubeClient } from '../../../../src/kube/client.ts'
import { configMapKind } from '../../../../src/kube/objects.ts'
import { tellSightings } from '../../../../src/primary/sightings/teller.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { createRecordingLog } from '../../kube/recording-log.ts'
import { createMemoryApi, failure } from '../memory-api.fixture.ts'
import { noon } from '../objects.fixture.ts'
import { healthy, seen } from './config-maps.fixture.ts'

const namespace = 'conjoin-system'
const name = sightingsName('replica-1')

/** `through` may stand between the replica and the API server. */
function world(through: (client: KubeClient) => Pick<KubeClient, 'apply' | 'delete'> = (client) => client) {
  const api = createMemoryApi()
  const clock = createManualClock({ now: noon })
  const { log, lines } = createRecordingLog()
  const stop = new AbortController()
  let heard: readonly Sighting[] = []
  let heartbeats = 0
  const state = { hasReader: true, interval: 20_000 }
  const told = tellSightings(
    {
      client: through(api.client),
      namespace,
      identity: 'replica-1',
      sightings: { heard: () => heard, heartbeats: () => heartbeats },
      hasReader: () => state.hasReader,
      interval: () => state.interval,
      clock,
      log,
    },
    stop.signal,
  )
  return {
    api,
    clock,
    lines,
    state,
    hear: (...sightings: readonly Sighting[]) => {
      heard = sightings
      heartbeats += 1
    },
    stop: async () => {
      stop.abort()
      await told
    },
    stored: () => api.stored(configMapKind, name, namespace),
  }
}

describe('a replica that hears heartbeats', { timeout: 60_000 }, () => {
  it('tells of them every 30 seconds, however many come', async () => {
    const { api, clock, hear, stored } = world()
    for (let second = 0; second < 300; second += 1) {
      hear(seen('uid-east', second))
      await clock.advance(1_000)
    }
    assert.deepEqual(
      api.requests,
      Array.from({ length: 10 }, () => `apply configmaps ${name}`),
    )
    assert.deepEqual(stored()?.metadata.labels, { [sightingsLabel]: 'told' })
    assert.deepEqual(decodeSightings(stored() ?? {}), {
      written: noon + 300_000,
      members: [{ member: memberId('uid-east'), age: 300, gap: Infinity, heartbeat: healthy, run: 'run1' }],
    })
  })

  it('tells of members that beat seldom four times in their interval', async () => {
    const { api, clock, state, hear } = world()
    state.interval = 600_000
    for (let second = 0; second < 600; second += 10) {
      hear(seen('uid-east', second))
      await clock.advance(10_000)
    }
    assert.equal(api.requests.length, 4)
  })

  it('tells of a very large fleet in several ConfigMaps, and takes back those that it needs no longer', async () => {
    const { api, clock, hear, stop } = world()
    const names = () => api.all(configMapKind).map(({ metadata }) => metadata.name)
    hear(...Array.from({ length: 50_000 }, (_, index) => seen(`uid-${index}`, index)))
    await clock.advance(30_000)
    assert.deepEqual(names(), [name, `${name}.1`])
    hear(seen('uid-east', 0))
    await clock.advance(30_000)
    assert.deepEqual(names(), [name])
    hear(...Array.from({ length: 50_000 }, (_, index) => seen(`uid-${index}`, index)))
    await clock.advance(30_000)
    await stop()
    assert.deepEqual(names(), [])
  })

  it('writes nothing while there is nothing new', async () => {
    const { api, clock, hear } = world()
    await clock.advance(300_000)
    assert.deepEqual(api.requests, [])
    hear(seen('uid-east', 0))
    await clock.advance(300_000)
    assert.equal(api.requests.length, 1)
  })

  it('writes nothing while it is alone, and tells all it knows when another comes', async () => {
    const { api, clock, state, hear, stored } = world()
    state.hasReader = false
    hear(seen('uid-east', 0), seen('uid-west', 0))
    await clock.advance(300_000)
    assert.deepEqual(api.requests, [])
    state.hasReader = true
    await clock.advance(30_000)
    assert.equal(decodeSightings(stored() ?? {})?.members.length, 2)
  })

  it('tries again within two seconds where a write has failed, and says once what keeps it from telling', async () => {
    const { api, clock, lines, hear, stored } = world()
    api.before = () => {
      throw failure(500, 'InternalError')
    }
    hear(seen('uid-east', 0))
    await clock.advance(30_000)
    await clock.advance(2_000)
    assert.ok(api.requests.length >= 2, `${api.requests.length} tries`)
    await clock.advance(600_000)
    assert.ok(api.requests.length < 60, `${api.requests.length} tries`)
    assert.equal(lines.filter(({ level }) => level === 'warn').length, 1)
    api.before = () => undefined
    await clock.advance(30_000)
    assert.equal(decodeSightings(stored() ?? {})?.members.length, 1)
  })
})

describe('a replica that stops', { timeout: 60_000 }, () => {
  it('takes back what it has told', async () => {
    const { clock, hear, stop, stored } = world()
    hear(seen('uid-east', 0))
    await clock.advance(30_000)
    assert.notEqual(stored(), undefined)
    await stop()
    assert.equal(stored(), undefined)
  })

  it('asks nothing of the API server where it has told nothing', async () => {
    const { api, clock, stop } = world()
    await clock.advance(30_000)
    await stop()
    assert.deepEqual(api.requests, [])
  })

  it('ends although the API server does not answer', async () => {
    const { clock, hear, stop } = world((client) => ({
      apply: async (...call) => client.apply(...call),
      delete: async (_kind, _key, { signal } = {}) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => reject(signal.reason as Error))
        }),
    }))
    hear(seen('uid-east', 0))
    await clock.advance(30_000)
    const stopped = stop()
    await clock.timers(1)
    await clock.advance(2_000)
    await stopped
  })
})
