import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Cluster } from '../../../../src/api/cluster.ts'
import type { Tombstone } from '../../../../src/primary/cluster/tombstone.ts'
import {
  decideMembership,
  isMember,
  type MembershipObservation,
} from '../../../../src/primary/member/membership.decide.ts'
import { at, cluster, member, noon } from '../objects.fixture.ts'

const east = cluster('east', { spec: { member: member() } })
const tombstone: Tombstone = { uid: 'uid-east', keyId: 'key-east', name: 'east', at: noon, isAcknowledged: false }

function observed(fields: Partial<MembershipObservation> = {}): MembershipObservation {
  return {
    claim: { uid: 'uid-east', tokenKeyId: 'key-east', keyId: 'key-east' },
    cluster: east,
    tombstone: undefined,
    ...fields,
  }
}

const thief = { uid: 'uid-east', tokenKeyId: 'key-east', keyId: 'key-thief' }

describe('who sends a heartbeat', () => {
  it('is the member whose Cluster has its uid and its key', () => {
    assert.deepEqual(decideMembership(observed()), { kind: 'member', cluster: east })
  })

  it('is nobody that is known while its Cluster waits for approval, or where that was denied', () => {
    for (const spec of [
      { approval: 'manual' },
      { approved: false },
      { approval: 'manual', approved: false },
    ] as const) {
      const waiting = cluster('east', { spec: { member: member(), ...spec } })
      assert.deepEqual(decideMembership(observed({ cluster: waiting })), { kind: 'unknown' })
      // Its Cluster stands there, so an old disconnection is not what it is to hear.
      assert.deepEqual(decideMembership(observed({ cluster: waiting, tombstone })), { kind: 'unknown' })
      assert.equal(isMember(observed().claim, waiting), false)
    }
  })

  it('is leaving while its Cluster is being deleted', () => {
    const leaving = { ...east, metadata: { ...east.metadata, deletionTimestamp: at(noon) } }
    assert.deepEqual(decideMembership(observed({ cluster: leaving })), { kind: 'leaving', cluster: leaving })
  })

  it('is disconnected where there is a tombstone and no Cluster of its own', () => {
    assert.deepEqual(decideMembership(observed({ cluster: undefined, tombstone })), { kind: 'disconnected', tombstone })
    const successor = cluster('east', { spec: { member: member({ uid: 'uid-other', keyId: 'key-other' }) } })
    assert.deepEqual(decideMembership(observed({ cluster: successor, tombstone })), { kind: 'disconnected', tombstone })
  })

  it('is a member in spite of an old tombstone once it has joined again', () => {
    assert.equal(decideMembership(observed({ tombstone })).kind, 'member')
  })

  it('is unknown where nothing is left of a membership that the primary once gave', () => {
    assert.deepEqual(decideMembership(observed({ cluster: undefined })), { kind: 'unknown' })
  })

  it('has another key than the Cluster has now', () => {
    const rebound = cluster('east', { spec: { member: member({ keyId: 'key-new' }) } })
    assert.deepEqual(decideMembership(observed({ cluster: rebound })), {
      kind: 'other-key',
      cluster: rebound,
      isReplaced: false,
    })
  })

  describe('with the key before the present one', () => {
    const claim = { uid: 'uid-east', tokenKeyId: 'key-new', keyId: 'key-old' }
    const rekeyed = (status?: Cluster['status']) =>
      cluster('east', {
        spec: { member: member({ keyId: 'key-new', previousKeyId: 'key-old' }) },
        ...(status === undefined ? {} : { status }),
      })
    const lastTransitionTime = at(noon)
    const conditions = [{ type: 'Joined', status: 'True', reason: 'Joined', message: '', lastTransitionTime }] as const

    it('is the member while nobody has used the present one: it may not have heard of it', () => {
      const unused = rekeyed({ keyId: 'key-old', conditions })
      assert.deepEqual(decideMembership(observed({ cluster: unused, claim })), { kind: 'member', cluster: unused })
      assert.equal(isMember(claim, unused), true)
    })

    it('is somebody who must not use it any more, once the present one is in use', () => {
      for (const status of [{ keyId: 'key-new', conditions }, { conditions }]) {
        const used = rekeyed(status)
        const verdict = { kind: 'other-key', cluster: used, isReplaced: true } as const
        assert.deepEqual(decideMembership(observed({ cluster: used, claim })), verdict)
        assert.equal(isMember(claim, used), false)
      }
    })

    it('is refused, and suspected of nothing, where the status does not say which key was in use', () => {
      for (const status of [undefined, {}, { keyId: 'key-older', conditions }]) {
        const lost = rekeyed(status)
        const verdict = { kind: 'other-key', cluster: lost, isReplaced: false } as const
        assert.deepEqual(decideMembership(observed({ cluster: lost, claim })), verdict)
      }
    })

    it('is a stranger where it is older than that', () => {
      const older = { ...claim, keyId: 'key-older' }
      assert.deepEqual(decideMembership(observed({ cluster: rekeyed(), claim: older })), { kind: 'stranger' })
    })
  })

  it('is a stranger with a stolen token', () => {
    assert.deepEqual(decideMembership(observed({ claim: thief })), { kind: 'stranger' })
    assert.deepEqual(decideMembership(observed({ claim: thief, cluster: undefined })), { kind: 'stranger' })
  })
})
