import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clusterConditions } from '../../../../src/api/conditions.ts'
import { nextStatus } from '../../../../src/primary/cluster/status.write.ts'
import { suspicions } from '../../../../src/primary/cluster/suspicion.ts'
import { at, cluster, member, noon } from '../objects.fixture.ts'

const all = {
  sameKeyOtherUid: suspicions.sameKeyOtherUid('uid-other'),
  bootIdsAlternate: suspicions.bootIdsAlternate(),
  previousKeyUsed: suspicions.previousKeyUsed('old-key'),
}
const lastTransitionTime = at(noon)
const joined = { type: 'Joined', status: 'True', reason: 'Joined', message: 'm', lastTransitionTime } as const
const conditions = [joined, { ...suspicions.bootIdsAlternate(), lastTransitionTime }]
const suspected = cluster('east', { spec: { member: member() }, status: { keyId: 'key-east', conditions } })

describe('a suspicion of a clone', () => {
  it('has a reason that the condition may carry, and says in a sentence what to do', () => {
    for (const { type, status, reason, message } of Object.values(all)) {
      const known: readonly string[] = clusterConditions[type][status]
      assert.ok(known.includes(reason))
      assert.match(message, /kubectl conjoin rotate member/)
      assert.ok(message.length < 1_024, 'an Event has no room for more')
    }
    assert.deepEqual(
      Object.values(all).map(({ reason }) => reason),
      clusterConditions.CloneSuspected.True,
    )
  })

  it('names the other cluster, or the key that was used', () => {
    assert.match(all.sameKeyOtherUid.message, /uid-other/)
    assert.match(all.previousKeyUsed.message, /old-key/)
  })

  it('stays through every write of the status that does not say that it is over, and takes nothing with it then', () => {
    const healthy = { type: 'Healthy', status: 'True', reason: 'Heartbeat', message: 'm' } as const
    const decision = { kind: 'status', fields: {}, conditions: [healthy] } as const
    const typesOf = (over: readonly ['CloneSuspected'] | readonly []) =>
      nextStatus(suspected, { ...decision, over }, noon + 10_000)?.conditions?.map(({ type }) => type)
    assert.deepEqual(typesOf([]), ['Joined', 'CloneSuspected', 'Healthy'])
    assert.deepEqual(typesOf(['CloneSuspected']), ['Joined', 'Healthy'])
  })
})
