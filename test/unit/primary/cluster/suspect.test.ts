/** A suspicion reaches the Cluster once, whoever notices it and whoever writes at the same time. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import type { EventInput } from '../../../../src/kube/events.ts'
import { createSuspect } from '../../../../src/primary/cluster/suspect.ts'
import { suspicions } from '../../../../src/primary/cluster/suspicion.ts'
import { clusterIndexes, createClusterLookup } from '../../../../src/primary/cluster-lookup.ts'
import { createBuckets } from '../../../../src/primary/load/buckets.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { createMemoryApi, failure } from '../memory-api.fixture.ts'
import { at, cluster, member, namespace, noon } from '../objects.fixture.ts'
import { silentLog } from '../silent-log.fixture.ts'

const alternate = suspicions.bootIdsAlternate()

function world() {
  const api = createMemoryApi()
  const clock = createManualClock({ now: noon + 500 })
  const clusters = createClusterLookup({
    client: api.client,
    informer: api.cache(clusterKind, clusterIndexes),
    namespace,
  })
  const events: EventInput[] = []
  const suspect = createSuspect({
    client: api.client,
    clusters,
    events: { record: (event) => events.push(event), flush: async () => undefined },
    pace: createBuckets({ burst: 3, perSecond: 1 / 30 }, clock),
    clock,
    log: silentLog,
  })
  const seen = api.put(clusterKind, cluster('east', { spec: { member: member() }, status: { id: 'uid-east' } }))
  const stored = () => api.stored<Cluster>(clusterKind, 'east', namespace)
  const patches = () => api.requests.filter((request) => request.startsWith('patch'))
  return { api, clock, events, suspect, seen, stored, patches }
}

describe('a suspicion', () => {
  it('is written to the status with the time and the generation, and told in an Event', async () => {
    const { events, suspect, seen, stored } = world()
    await suspect(seen, alternate)
    assert.deepEqual(stored()?.status, {
      id: 'uid-east',
      conditions: [{ ...alternate, observedGeneration: 1, lastTransitionTime: at(noon).replace('.000', '') }],
    })
    const [event] = events
    assert.deepEqual([event?.type, event?.reason, event?.note], ['Warning', 'BootIdsAlternate', alternate.message])
  })

  it('is written once, also by a replica whose cache does not show it, and by another reason neither', async () => {
    const { events, suspect, seen, patches } = world()
    await suspect(seen, alternate)
    await suspect(seen, alternate)
    await suspect(seen, suspicions.previousKeyUsed('old'))
    assert.deepEqual([patches().length, events.length], [1, 1])
  })

  it('costs no request where the cache shows it, and few where it does not', async () => {
    const { api, suspect, seen, stored } = world()
    await suspect(seen, alternate)
    api.requests.length = 0
    const shown = stored()
    assert.ok(shown)
    for (let time = 0; time < 100; time += 1) await suspect(shown, alternate)
    assert.deepEqual(api.requests, [])
    for (let time = 0; time < 100; time += 1) await suspect(seen, alternate)
    assert.equal(api.requests.length, 2)
  })

  it('is written whoever else writes the status at the same moment', async () => {
    const { api, suspect, seen, stored } = world()
    let isDisturbed = false
    api.before = (request) => {
      if (!request.startsWith('patch') || isDisturbed) return
      isDisturbed = true
      const present = stored()
      assert.ok(present)
      api.put(clusterKind, { ...present, status: { ...present.status, lastSeen: at(noon) } })
    }
    await suspect(seen, alternate)
    assert.equal(stored()?.status?.lastSeen, at(noon))
    assert.equal(stored()?.status?.conditions?.length, 1)
  })

  it('is not put on a Cluster that has another key by now, is another one, or has gone', async () => {
    for (const change of [
      ({ api, seen }: ReturnType<typeof world>) =>
        api.put(clusterKind, { ...seen, spec: { ...seen.spec, member: member({ keyId: 'other' }) } }),
      ({ api, seen }: ReturnType<typeof world>) =>
        api.put(clusterKind, { ...seen, metadata: { ...seen.metadata, uid: 'another-object' } }),
      ({ api }: ReturnType<typeof world>) => api.removeUnseen(clusterKind, 'east', namespace),
    ]) {
      const changed = world()
      change(changed)
      await changed.suspect(changed.seen, alternate)
      assert.deepEqual([changed.patches(), changed.events], [[], []])
    }
  })

  it('fails nothing where it cannot be stored', async () => {
    const { api, events, suspect, seen } = world()
    api.before = () => {
      throw failure(500, 'InternalError')
    }
    await suspect(seen, alternate)
    assert.deepEqual(events, [])
  })
})
