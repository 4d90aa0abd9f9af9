import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clusterConditions } from '../../../../src/api/conditions.ts'
import { nextStatus } from '../../../../src/primary/cluster/status.write.ts'
import { conditionsInForce, isSuspected, suspicions } from '../../../../src/primary/cluster/suspicion.ts'
import { at, cluster, member, noon } from '../objects.fixture.ts'

const all = {
  sameKeyOtherUid: suspicions.sameKeyOtherUid('uid-other'),
  bootIdsAlternate: suspicions.bootIdsAlternate(),
  previousKeyUsed: suspicions.previousKeyUsed('old-key'),
}
const wholeSeconds = (ms: number) => at(ms).replace(/\.\d+Z$/, 'Z')

/** Suspected at noon; its key is of `since`, ms since the epoch. */
function suspected(since: number) {
  const joined = {
    type: 'Joined',
    status: 'True',
    reason: 'Joined',
    message: 'm',
    lastTransitionTime: at(noon),
  } as const
  const conditions = [joined, { ...suspicions.bootIdsAlternate(), lastTransitionTime: wholeSeconds(noon) }]
  return cluster('east', { spec: { member: member({ since: at(since) }) }, status: { keyId: 'key-east', conditions } })
}

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

  it('is in force until the key has changed after it', () => {
    for (const since of [noon - 1, noon, noon + 999]) assert.ok(isSuspected(suspected(since)), at(since))
    for (const since of [noon + 1_000, noon + 86_400_000]) assert.ok(!isSuspected(suspected(since)), at(since))
  })

  it('stays where a date cannot be read', () => {
    assert.ok(isSuspected({ ...suspected(noon), spec: { ...suspected(noon).spec, member: member({ since: 'soon' }) } }))
  })

  it('takes no other condition with it when it goes', () => {
    assert.deepEqual(
      conditionsInForce(suspected(noon + 1_000)).map(({ type }) => type),
      ['Joined'],
    )
    assert.deepEqual(conditionsInForce(cluster('east')), [])
  })

  it('stays through every write of the status, and goes with the first after the key has changed', () => {
    const healthy = { type: 'Healthy', status: 'True', reason: 'Heartbeat', message: 'm' } as const
    const decision = { kind: 'status', fields: {}, conditions: [healthy] } as const
    const written = (since: number) =>
      nextStatus(suspected(since), decision, noon + 10_000)?.conditions?.map(({ type }) => type)
    assert.deepEqual(written(noon), ['Joined', 'CloneSuspected', 'Healthy'])
    assert.deepEqual(written(noon + 5_000), ['Joined', 'Healthy'])
  })
})
