import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { annotations } from '../../../../src/api/group.ts'
import { mayRebind, rebindCommand, type Vouching, vouchingOf } from '../../../../src/primary/join/rebind.decide.ts'
import { at, cluster, member, namespace, noon } from '../objects.fixture.ts'

const tokenId = 'BBBBBBBBBBBBBBBB'
const applicant = { uid: 'uid-east', keyId: 'key-new' }
const young: Vouching = { uid: 'uid-east', tokenId, madeAt: noon + 60_000 }

/** The member `east` with its old key, admitted at noon. */
const east = (allowed?: string) =>
  cluster('east', {
    spec: { member: member() },
    metadata: allowed === undefined ? {} : { annotations: { [annotations.allowRebind]: allowed } },
  })

describe('a member that comes with a new key', () => {
  it('is let in where its Cluster allows this very key', () => {
    assert.equal(mayRebind(east('key-new'), applicant, undefined), true)
  })

  it('is not let in by a permission for another key, nor for a part of this one', () => {
    for (const allowed of ['key-other', 'key-ne', 'key-new ', 'KEY-NEW', '*', 'true', ''])
      assert.equal(mayRebind(east(allowed), applicant, undefined), false, allowed)
  })

  it('is let in by a token that was made for it after its key was admitted', () => {
    assert.equal(mayRebind(east(), applicant, young), true)
  })

  it('is not let in by a token that may be as old as its membership', () => {
    for (const madeAt of [noon - 60_000, noon, noon + 5_000])
      assert.equal(mayRebind(east(), applicant, { ...young, madeAt }), false)
    assert.equal(mayRebind(east(), applicant, { ...young, madeAt: noon + 5_001 }), true)
  })

  it('is not let in by the token that admitted its old key, however young its Secret is', () => {
    assert.equal(mayRebind(east(), applicant, { ...young, tokenId: member().tokenId }), false)
  })

  it('is not let in by a token that was made for another, nor into the place of another', () => {
    assert.equal(mayRebind(east(), applicant, { ...young, uid: 'uid-west' }), false)
    assert.equal(mayRebind(east('key-new'), { ...applicant, uid: 'uid-west' }, { ...young, uid: 'uid-west' }), false)
    assert.equal(mayRebind(cluster('east'), applicant, young), false)
  })

  it('is not let in by a token where the date of its membership cannot be read', () => {
    const damaged = cluster('east', { spec: { member: member({ since: 'yesterday' }) } })
    assert.equal(mayRebind(damaged, applicant, young), false)
  })
})

describe('a token that vouches for a new key', () => {
  const token = (creationTimestamp?: string) => ({
    id: tokenId,
    secret: { metadata: { name: 'token', ...(creationTimestamp === undefined ? {} : { creationTimestamp }) } },
  })

  it('is made for one uid, and is as old as its Secret', () => {
    assert.deepEqual(vouchingOf(token(at(noon)), { boundUid: 'uid-east', approval: 'automatic' }), {
      uid: 'uid-east',
      tokenId,
      madeAt: noon,
    })
  })

  it('does not where it is made for nobody, asks for approval, or has no date', () => {
    assert.equal(vouchingOf(token(at(noon)), { approval: 'automatic' }), undefined)
    assert.equal(vouchingOf(token(at(noon)), { boundUid: 'uid-east', approval: 'manual' }), undefined)
    assert.equal(vouchingOf(token(), { boundUid: 'uid-east', approval: 'automatic' }), undefined)
  })
})

it('the command that allows a key names the Cluster, its namespace and the key', () => {
  assert.equal(
    rebindCommand(east(), 'key-new'),
    `kubectl annotate clusters.dist.kio.kasten.io east -n ${namespace} dist.kio.kasten.io/allow-rebind=key-new --overwrite`,
  )
})
