/** Which of two Clusters of one cluster is the member: the older one, as the API server has it now. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Cluster, clusterKind } from '../../../src/api/cluster.ts'
import { clusterIndexes, createClusterLookup } from '../../../src/primary/cluster-lookup.ts'
import { createMemoryApi } from './memory-api.fixture.ts'
import { at, cluster, member, namespace, noon } from './objects.fixture.ts'

/** The same cluster under this name, since so many milliseconds after noon. */
const made = (name: string, after: number, fields: Partial<ReturnType<typeof member>> = {}): Cluster =>
  cluster(name, { metadata: { creationTimestamp: at(noon + after) }, spec: { member: member(fields) } })

function world(...stored: readonly Cluster[]) {
  const api = createMemoryApi()
  const informer = api.cache(clusterKind, clusterIndexes)
  for (const each of stored) api.put(clusterKind, each)
  return { api, lookup: createClusterLookup({ client: api.client, informer, namespace }) }
}

describe('two Clusters of one cluster', () => {
  const [older, younger] = [made('east', 0), made('west', 1_000)]

  it('have an elder, by uid or by key: it is the member, and the younger one is none', async () => {
    const { lookup } = world(older, younger)
    assert.deepEqual([await lookup.hasElder(older), await lookup.hasElder(younger)], [false, true])
    for (const fields of [{ uid: 'uid-other' }, { keyId: 'key-other' }])
      assert.equal(await world(older, made('west', 1_000, fields)).lookup.hasElder(made('west', 1_000, fields)), true)
  })

  it('have none once the older one has gone, though the cache shows it still', async () => {
    const { api, lookup } = world(older, younger)
    api.removeUnseen(clusterKind, 'east', namespace)
    assert.equal(await lookup.hasElder(younger), false)
  })

  it('have another order once the older one has been made anew, though the cache shows it as it was', async () => {
    const { api, lookup } = world(older, younger)
    api.putUnseen(clusterKind, made('east', 2_000))
    assert.equal(await lookup.hasElder(younger), false)
  })

  it('are one where it was made anew under its own name, though the cache shows the one before', async () => {
    const { api, lookup } = world(older)
    const anew = made('east', 2_000)
    api.putUnseen(clusterKind, anew)
    assert.equal(await lookup.hasElder(anew), false)
  })

  it('cost no request where the cache shows no other', async () => {
    const { api, lookup } = world(older, made('west', 1_000, { uid: 'uid-west', keyId: 'key-west' }))
    assert.equal(await lookup.hasElder(older), false)
    assert.deepEqual(api.requests, [])
  })
})
