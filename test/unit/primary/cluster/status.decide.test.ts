import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Cluster } from '../../../../src/api/cluster.ts'
import { type ClusterObservation, decideCluster } from '../../../../src/primary/cluster/cluster.decide.ts'
import type { Contact } from '../../../../src/primary/cluster/health.decide.ts'
import {
  decideStatus,
  type StatusDecision,
  type StatusObservation,
} from '../../../../src/primary/cluster/status.decide.ts'
import { sha256 } from '../../../../src/protocol/encoding.ts'
import { at, cluster, member, noon } from '../objects.fixture.ts'

const interval = 20_000
const minute = 60_000

function observed(subject: Cluster, fields: Partial<StatusObservation> = {}): StatusObservation {
  return {
    cluster: subject,
    own: { uid: 'uid-primary', versions: { operator: '1.0.0', kubernetes: 'v1.36.3' } },
    contact: undefined,
    interval,
    listening: 60 * minute,
    now: noon + minute,
    waitsFor: [],
    outage: { kind: 'none' },
    ...fields,
  }
}

function heard(age: number, health = 'ok', gap = interval): Contact {
  const versions = { operator: '0.9.0', kubernetes: 'v1.35.0' }
  return { at: noon + minute - age, age, gap, heartbeat: { versions, health } }
}

/** `Type=Status/Reason` of each condition. */
function verdicts(decision: StatusDecision): readonly string[] {
  assert.equal(decision.kind, 'status')
  if (decision.kind !== 'status') return []
  return decision.conditions.map(({ type, status, reason }) => `${type}=${status}/${reason}`)
}

const condition = (type: string, status: 'True' | 'False' | 'Unknown', reason: string) => ({
  type,
  status,
  reason,
  message: `stored ${reason}`,
  lastTransitionTime: at(noon),
})
const joined = cluster('east', { spec: { member: member() } })
/** For longer than any silence that is judged here. */
const confirmed: Cluster = {
  ...cluster('east', { spec: { member: member({ since: at(noon - 60 * minute) }) } }),
  status: { conditions: [condition('Joined', 'True', 'Joined'), condition('Healthy', 'True', 'Heartbeat')] },
}

describe('the status of a Cluster', () => {
  it("of the primary's own is True throughout, with its id and versions", () => {
    const decision = decideStatus(observed(cluster('primary-cluster-1', { spec: { primary: true } })))
    assert.deepEqual(verdicts(decision), ['Joined=True/Primary', 'Healthy=True/Primary', 'Ready=True/Primary'])
    assert.deepEqual(decision.kind === 'status' && decision.fields, {
      id: 'uid-primary',
      versions: { operator: '1.0.0', kubernetes: 'v1.36.3' },
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

  it('carries the word of a member that reports a fault', () => {
    const decision = decideStatus(observed(confirmed, { contact: heard(0, 'DiskFull') }))
    assert.deepEqual(verdicts(decision).slice(1), ['Healthy=False/ReportedUnhealthy', 'Ready=False/ReportedUnhealthy'])
    assert.equal(decision.kind === 'status' && decision.conditions[1]?.message, 'DiskFull')
  })

  it('turns to NoHeartbeat after seven silent intervals, and looks again just then', () => {
    const early = decideStatus(observed(confirmed, { contact: heard(7 * interval - 1) }))
    assert.equal(verdicts(early)[1], 'Healthy=True/Heartbeat')
    assert.equal(early.kind === 'status' && early.lookAgainMs, 1)
    const late = decideStatus(observed(confirmed, { contact: heard(7 * interval) }))
    assert.deepEqual(verdicts(late), ['Joined=True/Joined', 'Healthy=Unknown/NoHeartbeat', 'Ready=Unknown/NoHeartbeat'])
    assert.equal(late.kind === 'status' && late.lookAgainMs, undefined)
  })

  it('of a lost cluster needs two heartbeats in a row to be found again, whatever they say', () => {
    const lost: Cluster = {
      ...joined,
      status: {
        conditions: [condition('Joined', 'True', 'Joined'), condition('Healthy', 'Unknown', 'NoHeartbeat')],
        lastSeen: at(noon),
      },
    }
    const cases: readonly (readonly [gap: number, health: string, verdict: string])[] = [
      [Infinity, 'ok', 'Healthy=Unknown/NoHeartbeat'],
      [Infinity, 'DiskFull', 'Healthy=Unknown/NoHeartbeat'],
      [3 * interval + 1, 'ok', 'Healthy=Unknown/NoHeartbeat'],
      [3 * interval, 'ok', 'Healthy=True/Heartbeat'],
      [3 * interval, 'DiskFull', 'Healthy=False/ReportedUnhealthy'],
    ]
    for (const [gap, health, verdict] of cases) {
      const decision = decideStatus(observed(lost, { contact: heard(0, health, gap) }))
      assert.equal(verdicts(decision)[1], verdict, `${health} after ${gap} ms`)
      const isFound = verdict !== 'Healthy=Unknown/NoHeartbeat'
      assert.equal(decision.kind === 'status' && decision.fields.lastSeen, at(isFound ? noon + minute : noon))
    }
  })

  it('of a cluster that was never lost needs one heartbeat', () => {
    for (const health of [
      [],
      [condition('Healthy', 'Unknown', 'NeverSeen')],
      [condition('Healthy', 'False', 'ReportedUnhealthy')],
    ]) {
      const fresh: Cluster = { ...joined, status: { conditions: health } }
      assert.equal(
        verdicts(decideStatus(observed(fresh, { contact: heard(0, 'ok', Infinity) })))[1],
        'Healthy=True/Heartbeat',
      )
    }
  })

  it('repeats what was known while the process has only begun to listen, two intervals longer', () => {
    const begun = decideStatus(observed(confirmed, { listening: 9 * interval - 1 }))
    assert.equal(verdicts(begun)[1], 'Healthy=True/Heartbeat')
    const seen: Cluster = { ...confirmed, status: { ...confirmed.status, lastSeen: at(noon) } }
    assert.equal(verdicts(decideStatus(observed(seen, { listening: 9 * interval })))[1], 'Healthy=Unknown/NoHeartbeat')
  })

  it('calls nobody lost whom another replica may have heard before this one came to judge', () => {
    const before = (age: number, listening: number, subject = confirmed) =>
      decideStatus(observed(subject, { contact: heard(age, 'DiskFull'), listening }))
    assert.equal(verdicts(before(7 * interval - 1, 0))[1], 'Healthy=False/ReportedUnhealthy', 'young: believed')
    const old = before(7 * interval, 0)
    assert.equal(verdicts(old)[1], 'Healthy=True/Heartbeat', 'old: what was known is repeated')
    assert.equal(old.kind === 'status' && old.lookAgainMs, 9 * interval)
    assert.deepEqual(old.kind === 'status' && old.fields.versions, undefined)
    const seen: Cluster = { ...confirmed, status: { ...confirmed.status, lastSeen: at(noon) } }
    assert.equal(verdicts(before(60 * minute, 9 * interval, seen))[1], 'Healthy=Unknown/NoHeartbeat')
    assert.equal(verdicts(before(7 * interval, 7 * interval))[1], 'Healthy=Unknown/NoHeartbeat', 'heard since')
  })

  it('does not find again who was lost before this process came to judge', () => {
    const lost: Cluster = {
      ...joined,
      status: {
        conditions: [condition('Joined', 'True', 'Joined'), condition('Healthy', 'Unknown', 'NoHeartbeat')],
        lastSeen: at(noon),
      },
    }
    const decision = decideStatus(observed(lost, { contact: heard(7 * interval), listening: 0 }))
    assert.equal(verdicts(decision)[1], 'Healthy=Unknown/NoHeartbeat')
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

describe('a Cluster', () => {
  const decide = (subject: Cluster, fields: Partial<ClusterObservation> = {}) =>
    decideCluster({
      namespaceIsDeleted: false,
      isRegisteredAhead: false,
      hasElder: false,
      tombstone: undefined,
      ...observed(subject, fields),
      ...fields,
    })
  const deleted = (subject: Cluster): Cluster => ({
    ...subject,
    metadata: { ...subject.metadata, deletionTimestamp: at(noon) },
  })

  const unconfirmedLong = { kind: 'collect', because: 'never confirmed' }

  it('of a member is released with a tombstone of the present moment', () => {
    assert.deepEqual(decide(deleted(confirmed)), {
      kind: 'release',
      tombstone: { uid: 'uid-east', keyId: 'key-east', name: 'east', at: noon + minute, isAcknowledged: false },
    })
  })

  it('without a member, or in a namespace that goes too, is released without one', () => {
    assert.deepEqual(decide(deleted(cluster('east'))), { kind: 'release' })
    assert.deepEqual(decide(deleted(confirmed), { namespaceIsDeleted: true }), { kind: 'let-go' })
  })

  it("of the primary's own waits for the secondaries, and not in a namespace that is deleted", () => {
    const own = deleted(cluster('primary-cluster-1', { spec: { primary: true } }))
    assert.equal(decide(own, { waitsFor: ['east'] }).kind, 'keep')
    assert.deepEqual(decide(own), { kind: 'release' })
    assert.deepEqual(decide(own, { waitsFor: ['east'], namespaceIsDeleted: true }), { kind: 'let-go' })
  })

  it('made by a join that nobody confirmed is collected after 15 minutes, and not a millisecond earlier', () => {
    assert.equal(decide(joined, { now: noon + 15 * minute - 1 }).kind, 'keep')
    assert.deepEqual(decide(joined, { now: noon + 15 * minute }), unconfirmedLong)
    assert.equal(decide(confirmed, { now: noon + 15 * minute }).kind, 'keep')
    assert.equal(decide(joined, { now: noon + 15 * minute, contact: heard(0) }).kind, 'keep')
    assert.equal(decide(cluster('ahead'), { now: noon + 15 * minute }).kind, 'keep')
  })

  it('registered ahead is never collected, however old it is when a cluster joins under its name', () => {
    const ahead = { isRegisteredAhead: true, now: noon + 24 * 60 * minute }
    assert.equal(decide(joined, ahead).kind, 'keep')
  })

  it('with an older one of the same uid or key is collected at once, even where a heartbeat has confirmed it', () => {
    for (const subject of [joined, confirmed])
      assert.equal(decide(subject, { hasElder: true, contact: heard(0) }).kind, 'collect')
    assert.equal(decide(deleted(joined), { hasElder: true }).kind, 'release')
  })

  it('counts the time to confirm from the join, not from when the name was registered', () => {
    const joinedLate = cluster('east', { spec: { member: member({ since: at(noon + 60 * minute) }) } })
    const verdict = (now: number) => decide(joinedLate, { now })
    assert.equal(verdict(noon + 60 * minute + 1).kind, 'keep')
    assert.deepEqual(decideStatus(observed(joinedLate, { now: noon + 60 * minute + 1 })), {
      kind: 'later',
      afterMs: 29_999,
    })
    assert.deepEqual(verdict(noon + 75 * minute), unconfirmedLong)
  })

  it('that was restored from a backup has as long as a new one to be confirmed', () => {
    const restored = cluster('east', { spec: { member: member({ since: at(noon - 24 * 60 * minute) }) } })
    assert.equal(decide(restored, { now: noon + 15 * minute - 1 }).kind, 'keep')
  })

  it('gets our label and our finalizer back, and keeps those of others', () => {
    const stripped = cluster('east', { metadata: { labels: { team: 'a' }, finalizers: ['example.com/theirs'] } })
    const decision = decide(stripped)
    assert.deepEqual(decision.kind === 'keep' && decision.metadata, {
      labels: { 'dist.kio.kasten.io/cluster-type': 'secondary' },
      finalizers: ['example.com/theirs', 'dist.kio.kasten.io/cluster-info'],
    })
  })

  it("of the primary's own is held while there are secondaries, and let go after the last", () => {
    const own = cluster('primary-cluster-1', { spec: { primary: true } })
    const held = { ...own, metadata: { ...own.metadata, finalizers: ['dist.kio.kasten.io/cluster-info'] } }
    const hold = decide(own, { waitsFor: ['east'] })
    assert.deepEqual(hold.kind === 'keep' && hold.metadata, { finalizers: ['dist.kio.kasten.io/cluster-info'] })
    const letGo = decide(held)
    assert.deepEqual(letGo.kind === 'keep' && letGo.metadata, { finalizers: [] })
  })
})
