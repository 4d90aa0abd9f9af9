/** The record of a join does not outlive its Cluster, nor does it go before it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Bootstrap, bootstrapKind } from '../../../../src/api/bootstrap.ts'
import { clusterKind } from '../../../../src/api/cluster.ts'
import { createBootstrapReconciler } from '../../../../src/primary/bootstrap/bootstrap.reconcile.ts'
import { bootstrapIndexes } from '../../../../src/primary/bootstrap/precedence.ts'
import { clusterIndexes } from '../../../../src/primary/cluster-lookup.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { createMemoryApi } from '../memory-api.fixture.ts'
import { bootstrap, cluster, entry, madeByJoin, member, namespace, noon } from '../objects.fixture.ts'
import { silentLog } from '../silent-log.fixture.ts'

/** The record of `east` in the cache, whose Cluster is not there. */
function world() {
  const api = createMemoryApi()
  const told: unknown[] = []
  api.put<Bootstrap>(bootstrapKind, bootstrap('east', { cluster: entry('east') }, { metadata: madeByJoin }))
  const reconcile = createBootstrapReconciler({
    client: api.client,
    bootstraps: api.cache(bootstrapKind, bootstrapIndexes),
    clusters: api.cache(clusterKind, clusterIndexes),
    identityLost: () => false,
    hasEndpointFlag: false,
    events: { record: (event) => told.push(event), flush: async () => undefined },
    clock: createManualClock({ now: noon }),
  })
  return {
    api,
    told,
    look: async () => reconcile({ namespace, name: 'east' }, { log: silentLog }),
    record: () => api.stored<Bootstrap>(bootstrapKind, 'east', namespace),
  }
}

describe('the record of a join', () => {
  it('goes where its Cluster was collected, and makes none', async () => {
    const { api, told, look, record } = world()
    await look()
    assert.equal(record(), undefined)
    assert.deepEqual([api.all(clusterKind), told], [[], []])
  })

  it('stays where only the cache has not heard of the Cluster yet', async () => {
    const { api, look, record } = world()
    api.putUnseen(clusterKind, cluster('east', { spec: { member: member() } }))
    await look()
    assert.ok(record() !== undefined)
  })

  it('stays where it is that of the next join, which has made it anew since', async () => {
    const { api, look, record } = world()
    const metadata = { ...madeByJoin, uid: 'made-anew' }
    api.putUnseen<Bootstrap>(bootstrapKind, bootstrap('east', { cluster: entry('east') }, { metadata }))
    await assert.rejects(look(), { name: 'KubeApiError', reason: 'Conflict' })
    assert.equal(record()?.metadata.uid, 'made-anew')
  })
})
