/** Which Clusters are looked at when something is remembered of disconnected members. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import type { InformerChange } from '../../../../src/kube/informer.ts'
import type { ConfigMap, ObjectKey } from '../../../../src/kube/objects.ts'
import { clusterIndexes } from '../../../../src/primary/cluster-lookup.ts'
import type { Core } from '../../../../src/primary/compose/core.ts'
import { connectWakes } from '../../../../src/primary/compose/wakes.ts'
import { createMemoryApi } from '../memory-api.fixture.ts'
import { at, cluster, member, noon } from '../objects.fixture.ts'

type Told = (change: InformerChange<ConfigMap>) => void

/** A primary with these Clusters: what tells it of a change of its tombstones, and the Clusters that it then looks at. */
function primaryWith(clusters: readonly Cluster[]) {
  const api = createMemoryApi()
  for (const object of clusters) api.put(clusterKind, object)
  const listeners: Told[] = []
  const woken: string[] = []
  const silent = { onChange: () => undefined }
  const core = {
    identity: { key: { name: 'mc-primary-identity' } },
    informers: {
      tombstones: { onChange: (listener: Told) => listeners.push(listener) },
      tokens: silent,
      bootstraps: silent,
      clusters: { ...api.cache(clusterKind, clusterIndexes), ...silent },
    },
  } as unknown as Core
  const idle = { enqueue: () => undefined, enqueueAfter: () => undefined }
  const waking = { ...idle, enqueue: ({ name }: ObjectKey) => void woken.push(name) }
  connectWakes({ bootstraps: idle, clusters: waking, tokens: idle, roll: idle }, core)
  return {
    tell: (change: InformerChange<ConfigMap>) => {
      for (const listener of listeners) listener(change)
      return woken.splice(0)
    },
  }
}

const remembered = (data: Record<string, string>) => ({ metadata: { name: 'mc-tombstones' }, data })

describe('a disconnection that is stored', () => {
  const clusters = ['east', 'west'].map((name) => cluster(name, { spec: { member: member({ uid: `uid-${name}` }) } }))
  const east = { 'uid-east.key-east': '{"time":"1"}' }

  it('wakes what is left of Clusters of its member, and no other', () => {
    const { tell } = primaryWith(clusters)
    assert.deepEqual(tell({ type: 'added', object: remembered(east) }), ['east'])
    const more = remembered({ ...east, 'uid-west.key-west': '{}' })
    assert.deepEqual(tell({ type: 'updated', object: more, previous: remembered(east) }), ['west'])
  })

  it('does not wake the one that is being deleted, which has stored it', () => {
    const leaving = cluster('east', { spec: { member: member() }, metadata: { deletionTimestamp: at(noon) } })
    assert.deepEqual(primaryWith([leaving]).tell({ type: 'added', object: remembered(east) }), [])
  })

  it('wakes them again where the same member is disconnected again, and not where it is forgotten', () => {
    const { tell } = primaryWith(clusters)
    const again = remembered({ 'uid-east.key-east': '{"time":"2"}' })
    assert.deepEqual(tell({ type: 'updated', object: again, previous: remembered(east) }), ['east'])
    assert.deepEqual(tell({ type: 'updated', object: remembered({}), previous: again }), [])
    assert.deepEqual(tell({ type: 'deleted', object: again }), [])
  })
})
