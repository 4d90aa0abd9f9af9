/** In which order a purge deletes, and what it leaves alone. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Cluster } from '../../../../src/api/cluster.ts'
import { type Inventory, planPurge } from '../../../../src/cli/purge/plan.ts'

const object = (name: string) => ({ metadata: { name } })
const cluster = (name: string, primary: boolean) => ({ metadata: { name }, spec: { primary } }) as Cluster

const all: Inventory = {
  tokens: [object('token')],
  clusters: [cluster('primary-1', true), cluster('east', false), cluster('west', false)],
  bootstraps: [object('bootstrap-primary')],
  configMaps: [object('mc-tombstones')],
  secrets: [object('mc-primary-identity')],
  leases: [object('conjoin-primary')],
  namespace: { object: object('kasten-io-mc'), holds: [] },
  definitions: [object('clusters.dist.kio.kasten.io')],
  otherPrimaries: [],
  secondary: { secrets: [object('mc-join')], configMaps: [object('mc-join-config')] },
}

const order = (inventory: Inventory) =>
  planPurge(inventory).stages.map(
    ({ doomed, isAwaited }) => doomed.map((item) => item.object.metadata.name).join(' ') + (isAwaited ? ' …' : ''),
  )

describe('a purge', () => {
  it('closes the door, tells every member, and then forgets', () => {
    assert.deepEqual(order(all), [
      'token',
      'east west …',
      'primary-1 …',
      'bootstrap-primary',
      'mc-tombstones',
      'mc-primary-identity',
      'conjoin-primary',
      'kasten-io-mc',
      'clusters.dist.kio.kasten.io',
      'mc-join',
      'mc-join-config',
    ])
    assert.deepEqual(planPurge(all).kept, [])
  })

  it('keeps a namespace that holds what others have put there', () => {
    const held = { ...all, namespace: { object: object('kasten-io-mc'), holds: ['secret/mine', 'configmap/mine'] } }
    assert.ok(!order(held).includes('kasten-io-mc'))
    assert.deepEqual(planPurge(held).kept, [
      'the namespace kasten-io-mc stays: it also holds secret/mine, configmap/mine',
    ])
  })

  it('keeps definitions that another primary on this cluster needs', () => {
    const shared = { ...all, otherPrimaries: ['other-mc'] }
    assert.ok(!order(shared).includes('clusters.dist.kio.kasten.io'))
    assert.deepEqual(planPurge(shared).kept, ['the definitions stay: there are Clusters or Bootstraps in other-mc'])
  })
})
