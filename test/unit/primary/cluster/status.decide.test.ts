/** What the status of a Cluster says, but for the health of its member. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Cluster } from '../../../../src/api/cluster.ts'
import { decideStatus } from '../../../../src/primary/cluster/status.decide.ts'
import { sha256 } from '../../../../src/protocol/encoding.ts'
import { at, cluster, member, noon } from '../objects.fixture.ts'
import { confirmed, heard, interval, joined, minute, observed, verdicts } from './status.fixture.ts'

describe('the status of a Cluster', () => {
  it("of the primary's own is True throughout, with its id, its versions and the interval that members follow", () => {
    const decision = decideStatus(observed(cluster('primary-cluster-1', { spec: { primary: true } })))
    assert.deepEqual(verdicts(decision), ['Joined=True/Primary', 'Healthy=True/Primary', 'Ready=True/Primary'])
    assert.deepEqual(decision.kind === 'status' && decision.fields, {
      id: 'uid-primary',
      versions: { operator: '1.0.0', kubernetes: 'v1.36.3' },
      heartbeatInterval: interval / 1_000,
    })
  })

  it('that was registered ahead awaits its join', () => {
    assert.deepEqual(verdicts(decideStatus(observed(cluster('east')))), [
      'Joined=False/AwaitingJoin',
      'Healthy=Unknown/NeverSeen',
      'Ready=False/AwaitingJoin',
    ])
  })

  it('says nothing of a join in its first 30 seconds, and then that it is unconfirmed', () => {
    assert.deepEqual(decideStatus(observed(joined, { now: noon + 10_000 })), { kind: 'later', afterMs: 20_000 })
    assert.deepEqual(verdicts(decideStatus(observed(joined, { now: noon + 30_000 }))), [
      'Joined=False/Unconfirmed',
      'Healthy=Unknown/NeverSeen',
      'Ready=False/Unconfirmed',
    ])
  })

  it('counts those 30 seconds from the join, and not from when the name was registered', () => {
    const late = cluster('east', { spec: { member: member({ since: at(noon + minute) }) } })
    assert.deepEqual(decideStatus(observed(late, { now: noon + minute + 1 })), { kind: 'later', afterMs: 29_999 })
  })

  it('that waits for approval says so, and how to give it', () => {
    const waiting = cluster('east', { spec: { member: member(), approval: 'manual' } })
    const decision = decideStatus(observed(waiting, { now: noon }))
    assert.deepEqual(verdicts(decision), [
      'Joined=False/PendingApproval',
      'Healthy=Unknown/NeverSeen',
      'Ready=False/PendingApproval',
    ])
    const message = decision.kind === 'status' ? decision.conditions[0]?.message : ''
    const command = `kubectl patch clusters.dist.kio.kasten.io east -n kasten-io-mc --type=merge -p '{"spec":{"approved":true}}'`
    assert.equal(message, `a cluster asks to join as east; to admit it: ${command}; false denies it`)
    // A heartbeat that was heard before does not make it one.
    assert.equal(verdicts(decideStatus(observed(waiting, { contact: heard(0) })))[0], 'Joined=False/PendingApproval')
  })

  it('that was approved says at once that it is not confirmed yet', () => {
    const approved = cluster('east', { spec: { member: member(), approval: 'manual', approved: true } })
    const decision = decideStatus(observed(approved, { now: noon }))
    assert.equal(verdicts(decision)[0], 'Joined=False/Unconfirmed')
    assert.match((decision.kind === 'status' && decision.conditions[0]?.message) || '', /^the join was approved, /)
  })

  it('that was denied says so, also where nobody has joined or a heartbeat was heard', () => {
    for (const subject of [joined, cluster('east')]) {
      const denied = { ...subject, spec: { ...subject.spec, approved: false } }
      for (const contact of [undefined, heard(0)])
        assert.equal(verdicts(decideStatus(observed(denied, { contact })))[0], 'Joined=False/Denied')
    }
  })

  it('that was approved and is joined stays so when its approval is taken out of it', () => {
    const member = { ...confirmed, spec: { ...confirmed.spec, approval: 'manual' as const } }
    assert.equal(verdicts(decideStatus(observed(member, { contact: heard(0) })))[0], 'Joined=True/Joined')
  })

  it('is joined with the first heartbeat, with id, versions and lastSeen', () => {
    const decision = decideStatus(observed(joined, { contact: heard(0), now: noon + 1_000 }))
    assert.deepEqual(verdicts(decision), ['Joined=True/Joined', 'Healthy=True/Heartbeat', 'Ready=True/Joined'])
    assert.deepEqual(decision.kind === 'status' && decision.fields, {
      id: 'uid-east',
      lastSeen: at(noon + minute),
      versions: { operator: '0.9.0', kubernetes: 'v1.35.0' },
    })
  })

  it('writes lastSeen on news and about hourly, so that a heartbeat costs nothing', () => {
    const fields = (lastSeen: number) => {
      const stored: Cluster = { ...confirmed, status: { ...confirmed.status, lastSeen: at(lastSeen) } }
      const decision = decideStatus(observed(stored, { contact: heard(0) }))
      return decision.kind === 'status' ? decision.fields.lastSeen : undefined
    }
    assert.equal(fields(noon), at(noon), 'a minute old: kept')
    assert.equal(fields(noon - 43 * minute), at(noon - 43 * minute), '44 minutes old: kept')
    assert.equal(fields(noon - 74 * minute), at(noon + minute), '75 minutes old: refreshed')
    assert.equal(fields(noon + 45 * minute), at(noon + 45 * minute), 'a little ahead: kept')
    assert.equal(fields(noon + 76 * minute), at(noon + minute), 'an hour ahead, by a clock that was wrong: mended')
  })

  it('writes less than 60 times a minute for 1,000 idle members, also after all were found again in the same minute', () => {
    const writes = new Map<number, number>()
    const end = noon + 180 * minute
    for (let index = 0; index < 1_000; index += 1) {
      const subject = cluster('east', { spec: { member: member({ uid: sha256(`uid-${index}`) }) } })
      let lastSeen = noon + index * 60
      // Nothing is written of what is younger, as the test before this one shows.
      for (let now = lastSeen; now < end; now += now - lastSeen < 44 * minute ? 44 * minute : interval) {
        const stored: Cluster = { ...subject, status: { ...confirmed.status, lastSeen: at(lastSeen) } }
        const decision = decideStatus(observed(stored, { contact: { ...heard(0), at: now }, now }))
        if (decision.kind !== 'status' || decision.fields.lastSeen === at(lastSeen)) continue
        lastSeen = now
        const inMinute = Math.floor((now - noon) / minute)
        writes.set(inMinute, (writes.get(inMinute) ?? 0) + 1)
      }
    }
    assert.ok(Math.max(...writes.values()) < 60, `${Math.max(...writes.values())} in one minute`)
    const total = [...writes.values()].reduce((sum, count) => sum + count, 0)
    assert.ok(total > 2_000 && total < 3_500, `${total} in three hours`)
  })

  it('says what a deletion waits for', () => {
    const leaving = cluster('primary-cluster-1', { spec: { primary: true }, metadata: { deletionTimestamp: at(noon) } })
    const decision = decideStatus(observed(leaving, { waitsFor: ['a', 'b', 'c', 'd', 'e', 'f'] }))
    assert.deepEqual(verdicts(decision), ['Joined=False/Disconnecting', 'Ready=False/Disconnecting'])
    const message = decision.kind === 'status' ? decision.conditions[0]?.message : ''
    assert.equal(message, 'waits until the secondaries are deleted: a, b, c, d, e, …')
  })
})
