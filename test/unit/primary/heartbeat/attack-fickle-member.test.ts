import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KubeClient } from '../../../../src/kube/client.ts'
import { createSightings } from '../../../../src/primary/cluster/sightings.ts'
import type { ClusterLookup } from '../../../../src/primary/cluster-lookup.ts'
import { createConfirmation } from '../../../../src/primary/heartbeat/confirmation.ts'
import { createBuckets } from '../../../../src/primary/load/buckets.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { at, cluster, member, noon } from '../objects.fixture.ts'

const versions = { operator: '0.1.0', kubernetes: 'v1.36.3' }
const lastTransitionTime = at(noon)
const confirmed = cluster('east', {
  spec: { member: member() },
  status: { conditions: [{ type: 'Joined', status: 'True', reason: 'Joined', message: '', lastTransitionTime }] },
})

describe('a member that says something else with each heartbeat', () => {
  it('causes a change of its status now and then, not with each', async () => {
    const clock = createManualClock()
    let news = 0
    const confirmation = createConfirmation({
      client: {} as KubeClient,
      clusters: {} as ClusterLookup,
      sightings: createSightings(clock),
      own: () => ({ uid: 'uid-primary', versions }),
      interval: () => 20_000,
      followed: { longest: () => 20_000 },
      onNews: () => {
        news += 1
      },
      pace: createBuckets({ burst: 3, perSecond: 1 / 30 }, clock),
      clock,
    })
    for (let second = 0; second < 60; second += 1) {
      const by = { keyId: member().keyId, boot: 'boot' }
      await confirmation.heard(confirmed, { versions, health: `word-${second}` }, by)
      await clock.advance(1_000)
    }
    assert.equal(news, 4)
  })
})
