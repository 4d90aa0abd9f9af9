import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decideCluster } from '../../../../src/primary/cluster/cluster.decide.ts'
import { cluster, member, noon } from '../objects.fixture.ts'

const minute = 60_000

function decide(since: string, now: number) {
  return decideCluster({
    cluster: cluster('east', { spec: { member: member({ since }) } }),
    own: { uid: 'uid-primary', versions: { operator: '1.0.0', kubernetes: 'v1.36.3' } },
    contact: undefined,
    interval: 20_000,
    told: 20_000,
    listening: 60 * minute,
    awaited: 60 * minute,
    now,
    waitsFor: [],
    outage: { kind: 'none' },
    namespaceIsDeleted: false,
    isRegisteredAhead: false,
    hasElder: false,
    tombstone: undefined,
  })
}

describe('a member whose date only the API server can read', () => {
  // Its pattern for dates takes any character for the point before the fraction.
  const since = '2030-01-05T12:00:00x5Z'

  it('is looked at again after a time, and not at once for ever', () => {
    assert.ok(Number.isNaN(Date.parse(since)))
    const decision = decide(since, noon + minute)
    assert.equal(
      decision.kind === 'keep' && decision.status.kind === 'status' && decision.status.lookAgainMs,
      14 * minute,
    )
  })

  it('is collected like any other that nothing confirms', () => {
    assert.equal(decide(since, noon + 15 * minute).kind, 'collect')
  })
})
