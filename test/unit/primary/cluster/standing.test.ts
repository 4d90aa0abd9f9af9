import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Cluster } from '../../../../src/api/cluster.ts'
import { isConfirmed, standingOf } from '../../../../src/primary/cluster/standing.ts'
import { at, cluster, member, noon } from '../objects.fixture.ts'

const joined = (status: 'True' | 'False') => ({
  conditions: [{ type: 'Joined', status, reason: 'Joined', message: '', lastTransitionTime: at(noon) }],
})
const east = (spec: Partial<Cluster['spec']>, status: Cluster['status'] = {}) =>
  standingOf(cluster('east', { spec: { member: member(), ...spec }, status }))

describe('a Cluster', () => {
  it('is admitted where its token asked for no approval', () => {
    assert.equal(east({}), 'admitted')
    assert.equal(east({ approved: true }), 'admitted')
  })

  it('waits until an administrator has decided, where its token asked for that', () => {
    assert.equal(east({ approval: 'manual' }), 'waiting')
    assert.equal(east({ approval: 'manual' }, joined('False')), 'waiting')
    assert.equal(east({ approval: 'manual', approved: true }), 'admitted')
  })

  it('is denied by a no, whatever its token asked for and whatever it was before', () => {
    assert.equal(east({ approved: false }), 'denied')
    assert.equal(east({ approval: 'manual', approved: false }, joined('True')), 'denied')
  })

  it('that is a member stays one when its approval is taken out of the object', () => {
    assert.equal(east({ approval: 'manual' }, joined('True')), 'admitted')
  })

  it('is confirmed by its condition Joined and no other', () => {
    const other = [{ ...joined('True').conditions[0], type: 'Ready' }] as unknown as ReturnType<
      typeof joined
    >['conditions']
    assert.equal(isConfirmed({ spec: {}, status: joined('True') }), true)
    assert.equal(isConfirmed({ spec: {}, status: joined('False') }), false)
    assert.equal(isConfirmed({ spec: {}, status: { conditions: other } }), false)
  })
})
