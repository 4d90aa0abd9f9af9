/** Whether a member is heard: when it is called lost, and when it is found again. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Cluster } from '../../../../src/api/cluster.ts'
import { decideStatus } from '../../../../src/primary/cluster/status.decide.ts'
import { at, noon } from '../objects.fixture.ts'
import { condition, confirmed, heard, interval, joined, minute, observed, verdicts } from './status.fixture.ts'

describe('the health of a member', () => {
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
})
