/** What `join` finds of two clusters, and what it gives the secondary. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Cluster } from '../../../../src/api/cluster.ts'
import { joinHash } from '../../../../src/api/mc-join.ts'
import type { StoredMembership } from '../../../../src/api/membership.ts'
import { type BothSides, givenTo, hashOf, prospectOf } from '../../../../src/cli/join/plan.ts'
import { wordOn } from '../../../../src/cli/join/progress.ts'
import type { ConfigMap, Secret } from '../../../../src/kube/objects.ts'
import { Redacted } from '../../../../src/lib/redacted.ts'

const namespace = 'kasten-io'
const membership = { primaryUid: 'primary', primaryName: 'primary-1', clusterName: 'east' } as StoredMembership
const registered = { metadata: { name: 'east' }, spec: { member: { uid: 'secondary' } } } as Cluster
const sides: BothSides = { primaryUid: 'primary', secondaryUid: 'secondary', clusters: [registered], membership }

describe('two clusters', () => {
  it('have joined where both say so', () => {
    assert.deepEqual(prospectOf(sides), { kind: 'joined', cluster: registered })
  })

  it('have not where one of them does not know, or the Cluster is on its way out', () => {
    const deletionTimestamp = '2030-01-01T00:00:00Z'
    const leaving = { ...registered, metadata: { ...registered.metadata, deletionTimestamp } }
    for (const other of [{ clusters: [] }, { membership: undefined }, { clusters: [leaving] }])
      assert.deepEqual(prospectOf({ ...sides, ...other }), { kind: 'open' })
  })

  it('are told apart by what they are, not by how they are reached', () => {
    assert.deepEqual(prospectOf({ ...sides, secondaryUid: 'primary' }), { kind: 'itself' })
  })

  it('can join where one belongs to a third, which it then leaves', () => {
    assert.deepEqual(prospectOf({ ...sides, primaryUid: 'another' }), { kind: 'open', leaves: 'primary-1' })
  })
})

const invitation = { namespace, endpoint: 'https://p.example.com', token: new Redacted('mcj1.x') }
const nothing = { join: undefined, config: undefined }
const at = '2030-01-01T00:00:00.000Z'
const plain = ({ data = {} }: Secret) =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]))

describe('the secondary', () => {
  it('is given mc-join alone where that is enough', () => {
    const { join, config } = givenTo(nothing, invitation, { name: 'east' }, at)
    assert.deepEqual(plain(join), { endpoint: 'https://p.example.com', token: 'mcj1.x', clusterName: 'east' })
    assert.equal(config, undefined)
  })

  it('takes the name that its token is for, where no other is asked for', () => {
    const { join } = givenTo(nothing, { ...invitation, clusterName: 'west' }, {}, at)
    assert.equal(plain(join)['clusterName'], 'west')
  })

  it('is given its own address by mc-join-config, of which all else stays', () => {
    const stored: ConfigMap = {
      metadata: { name: 'mc-join-config', namespace, resourceVersion: '7' },
      data: { 'cluster-name': 'old', 'allow-untrusted-primary-tls': 'true' },
    }
    const wishes = { name: 'east', ingress: 'https://east.example.com' }
    assert.deepEqual(givenTo({ ...nothing, config: stored }, invitation, wishes, at).config, {
      ...stored,
      data: {
        'cluster-name': 'east',
        'allow-untrusted-primary-tls': 'true',
        'cluster-ingress': 'https://east.example.com',
      },
    })
  })

  it('keeps nothing of an old mc-join but what is no content', () => {
    const metadata = { name: 'mc-join', namespace, resourceVersion: '3', annotations: { note: 'mine' } }
    const stored: Secret = { metadata, type: 'Opaque', data: { token: 'b2xk', clusterName: 'b2xk' } }
    const { join } = givenTo({ ...nothing, join: stored }, invitation, {}, at)
    assert.deepEqual(join.metadata, metadata)
    assert.deepEqual(plain(join), { endpoint: 'https://p.example.com', token: 'mcj1.x' })
  })

  it('is asked to look again at content that it has judged already', () => {
    const { join } = givenTo(nothing, invitation, {}, at)
    const again = givenTo({ ...nothing, join }, invitation, {}, at)
    assert.deepEqual(again.join.metadata.annotations, { 'dist.kio.kasten.io/retry': at })
    assert.equal(hashOf(again), joinHash(join.data, undefined, at))
  })
})

describe('what the secondary says', () => {
  const status = { msg: 'NameTaken: no', timestamp: at, hash: 'this' }

  it('counts where it is about this content, and is its last word', () => {
    assert.deepEqual(wordOn({ ...status, status: 'Rejected' }, 'this'), { kind: 'rejected', message: 'NameTaken: no' })
    assert.deepEqual(wordOn({ ...status, status: 'Joined' }, 'this'), { kind: 'joined', message: 'NameTaken: no' })
    assert.equal(wordOn({ ...status, status: 'Joining' }, 'this'), undefined)
    assert.equal(wordOn({ ...status, status: 'Rejected' }, 'that'), undefined)
    assert.equal(wordOn(undefined, 'this'), undefined)
  })
})
