import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { diagnose } from '../../../../src/cli/diagnosis/diagnose.ts'
import {
  bootstrap,
  codes,
  nothing,
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
})
