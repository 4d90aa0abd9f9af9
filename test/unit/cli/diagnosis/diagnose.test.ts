import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { diagnose } from '../../../../src/cli/diagnosis/diagnose.ts'
import type { KubeEvent } from '../../../../src/kube/objects.ts'
import {
  bootstrap,
  cluster,
  codes,
  keys,
  nothing,
  now,
  observation,
  operator,
  primary,
  secondary,
  seen,
  targets,
  token,
  unread,
} from './observation.fixture.ts'

describe('the diagnosis of a cluster', () => {
  it('finds nothing where all is well, and says what there is', () => {
    const report = diagnose(observation(), targets)
    assert.deepEqual(report.findings, [])
    assert.equal(report.healthy, true)
    assert.deepEqual(report.sections, [
      {
        role: 'primary',
        namespace: 'kasten-io-mc',
        facts: [
          { name: 'Operator', value: 'in conjoin-system, 1 of 1 pods ready, conjoin-primary-0 works' },
          { name: 'Bootstraps', value: '1 ready' },
          { name: 'Clusters', value: '1 ready' },
          { name: 'Join tokens', value: 'none' },
        ],
        warnings: [],
      },
      {
        role: 'secondary',
        namespace: 'kasten-io',
        facts: [
          { name: 'Operator', value: 'in kasten-io, 1 of 1 pods ready, conjoin-secondary-0 works' },
          { name: 'Join', value: 'Joined since 2030-01-31T11:00:00Z' },
        ],
        warnings: [],
      },
    ])
  })

  it('says of a roll of the signing key who has still to name the next one, and when it is over', () => {
    const member = (name: string, primaryKeyId: string) => {
      const { spec, status, ...rest } = cluster(name, [['Ready', 'True', 'Joined', 'the cluster is a member']])
      const joined = { uid: name, publicKey: 'x', keyId: name, since: '2030-01-01T00:00:00Z', tokenId: '' }
      return { ...rest, spec: { ...spec, member: joined }, status: { ...status, primaryKeyId } }
    }
    const rolling = { ...keys, next: 'kid-2', announcedAt: now }
    const clusters = seen([member('east', 'kid-1'), member('west', 'kid-2'), cluster('primary-cluster-1', [])])
    const [section] = diagnose(
      observation({ primary: primary({ identity: seen(rolling), clusters }) }),
      targets,
    ).sections
    assert.equal(
      section?.facts.find(({ name }) => name === 'Key roll')?.value,
      'the next signing key is kid-2; it becomes the current one when every member has named it, at 2030-02-07T12:00:00Z at the latest; 1 of 2 have',
    )
  })

  it('judges only the roles that it has', () => {
    const none = {
      deployment: nothing,
      lease: nothing,
      account: { name: 'conjoin-secondary', exists: seen(false) },
    }
    const asPrimary = observation({
      secondary: secondary({
        operator: operator('secondary', none),
        join: nothing,
        status: nothing,
        hasClusterInfo: seen(false),
      }),
    })
    assert.deepEqual(
      diagnose(asPrimary, targets).sections.map(({ role }) => role),
      ['primary'],
    )
    assert.deepEqual(codes(asPrimary), [])
  })

  it('says nothing about what it may not read, and is no failure for it', () => {
    const dim = observation({
      primary: primary({
        operator: operator('primary', {
          lease: unread,
          missingRights: unread,
          account: { name: 'conjoin-primary', exists: unread },
        }),
        tokens: unread,
        identity: unread,
      }),
      secondary: secondary({ status: unread, hasClusterInfo: unread, identity: unread, join: unread }),
    })
    assert.deepEqual(codes(dim), [])
  })

  it('puts what is wrong before what is only worth to know', () => {
    const both = observation({
      primary: primary({
        tokens: seen([token({ 'expires-at': '2030-01-01T00:00:00Z' })]),
        bootstraps: seen([bootstrap('False', 'NameConflict', 'east is taken')]),
      }),
    })
    assert.deepEqual(codes(both), ['wrong NameConflict', 'note TokenExpired'])
  })

  it('names clocks that differ, and leaves open which of them is wrong', () => {
    const [note] = diagnose(observation({ skew: 7_200_000 }), targets).findings
    assert.equal(note?.severity, 'note')
    assert.equal(note.what, 'the clock of the API server is 2 hours behind that of this machine')
    assert.deepEqual(codes(observation({ skew: -30_000 })), [])
  })

  it('shows the warnings of the last hour, the newest first, five of them', () => {
    const event = (minutes: number, reason: string): KubeEvent => ({
      metadata: { name: reason },
      type: 'Warning',
      reason,
      action: reason,
      note: 'so it is',
      eventTime: new Date(now - minutes * 60_000).toISOString(),
      reportingController: 'dist.kio.kasten.io/secondary',
      reportingInstance: 'pod',
      regarding: { kind: 'Secret', name: 'mc-join' },
    })
    const repeated = { ...event(90, 'Again'), series: { count: 2, lastObservedTime: new Date(now).toISOString() } }
    const events = [event(61, 'Old'), ...[5, 4, 3, 2, 1].map((minutes) => event(minutes, `At${minutes}`)), repeated]
    const [, section] = diagnose(observation({ secondary: secondary({ warnings: seen(events) }) }), targets).sections
    assert.deepEqual(
      section?.warnings.map(({ reason }) => reason),
      ['Again', 'At1', 'At2', 'At3', 'At4'],
    )
    assert.equal(section.warnings[0]?.about, 'Secret mc-join')
  })
})
