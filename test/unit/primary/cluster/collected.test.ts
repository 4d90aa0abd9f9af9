/** A Cluster that no heartbeat has confirmed goes as if the join had not been; one that comes in the last moment wins. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { clusterInfoFinalizer } from '../../../../src/api/group.ts'
import { confirmationLimit } from '../../../../src/primary/cluster/cluster.decide.ts'
import { createSightings } from '../../../../src/primary/cluster/sightings.ts'
import { isConfirmed } from '../../../../src/primary/cluster/standing.ts'
import { at, cluster, member, namespace, noon } from '../objects.fixture.ts'
import { silentLog } from '../silent-log.fixture.ts'
import { clusterController } from './cluster-controller.fixture.ts'
import { world } from './tombstones.fixture.ts'

/** A Cluster that a join has made, whose time for a first heartbeat is over, and the controller that looks at it. */
async function overdue() {
  const begun = await world()
  const { api, clock, data } = begun
  const made = api.put(clusterKind, cluster('east', { spec: { member: member() } }))
  const sightings = createSightings(clock)
  sightings.follow({ type: 'added', object: made })
  const reconcile = clusterController(begun, sightings)
  await clock.advance(confirmationLimit)
  const stored = () => api.stored<Cluster>(clusterKind, 'east', namespace)
  return {
    api,
    data,
    stored,
    look: async () => reconcile({ namespace, name: 'east' }, { log: silentLog }),
    /** Another replica stores the first heartbeat, just before this request; the cache here does not show it yet. */
    confirmBefore: (request: string) => {
      api.before = (asked) => {
        if (asked !== request) return
        api.before = () => undefined
        const present = stored()
        assert.ok(present !== undefined)
        const reason = { reason: 'Joined', message: '', lastTransitionTime: at(noon) }
        api.putUnseen<Cluster>(clusterKind, {
          ...present,
          status: { conditions: [{ type: 'Joined', status: 'True', ...reason }] },
        })
      }
    },
  }
}

describe('a Cluster that no heartbeat has confirmed in time', () => {
  it('is collected, and nobody is remembered as disconnected', async () => {
    const { data, stored, look } = await overdue()
    await look()
    assert.equal(stored(), undefined)
    assert.deepEqual(data(), {})
  })

  it('stays where a heartbeat confirms it between the look and the first write, which is refused', async () => {
    const { stored, look, confirmBefore } = await overdue()
    confirmBefore('patch clusters east')
    await assert.rejects(look(), { name: 'KubeApiError', reason: 'Conflict' })
    const left = stored()
    assert.ok(left !== undefined && isConfirmed(left))
    assert.deepEqual(left.metadata.finalizers, [clusterInfoFinalizer])
  })

  it('stays where one confirms it between the release of its finalizer and the deletion, and is held again', async () => {
    const { api, stored, look, confirmBefore } = await overdue()
    confirmBefore('delete clusters east')
    await assert.rejects(look(), { name: 'KubeApiError', reason: 'Conflict' })
    assert.ok(isConfirmed(stored() ?? cluster('gone')))
    assert.deepEqual(stored()?.metadata.finalizers, [])
    api.sync()
    await look()
    assert.deepEqual(stored()?.metadata.finalizers, [clusterInfoFinalizer])
  })
})
