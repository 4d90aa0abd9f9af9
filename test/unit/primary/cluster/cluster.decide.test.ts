/** What happens to one Cluster: it is kept in shape, released after its deletion, or collected. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Cluster } from '../../../../src/api/cluster.ts'
import { clusterInfoFinalizer, clusterTypeLabel } from '../../../../src/api/group.ts'
import {
  type ClusterObservation,
  decideCluster,
  releasedFinalizers,
} from '../../../../src/primary/cluster/cluster.decide.ts'
import { at, cluster, member, noon } from '../objects.fixture.ts'

const minute = 60_000
const limit = 15 * minute
const heartbeat = { versions: { operator: '0.1.0', kubernetes: 'v1.36.3' }, health: 'ok' }
const joined = (fields: Parameters<typeof cluster>[1] = {}) =>
  cluster('east', { spec: { member: member() }, ...fields })
const confirmed = {
  conditions: [{ type: 'Joined', status: 'True', reason: 'Joined', message: '', lastTransitionTime: at(noon) }],
} as unknown as Cluster['status']
const deleted = (object: Cluster): Cluster => ({
  ...object,
  metadata: { ...object.metadata, deletionTimestamp: at(noon) },
})

function decide(object: Cluster, fields: Partial<ClusterObservation> = {}) {
  return decideCluster({
    cluster: object,
    own: { uid: 'uid-primary', versions: heartbeat.versions },
    contact: undefined,
    interval: 20_000,
    told: 20_000,
    listening: 10 * minute,
    awaited: limit,
    now: noon + minute,
    waitsFor: [],
    outage: { kind: 'none' },
    hasElder: false,
    tombstone: undefined,
    isRegisteredAhead: false,
    namespaceIsDeleted: false,
    ...fields,
  })
}
const metadataOf = (decision: ReturnType<typeof decide>) =>
  decision.kind === 'keep' ? decision.metadata : assert.fail(decision.kind)

describe('a join that no heartbeat has confirmed', () => {
  it('is collected 15 minutes after it, and not before', () => {
    assert.equal(decide(joined(), { now: noon + limit - 1 }).kind, 'keep')
    assert.deepEqual(decide(joined(), { now: noon + limit }), { kind: 'collect', because: 'never confirmed' })
  })

  it('is given a week where its Cluster was put back from a backup, which has no status', () => {
    const since = at(noon - limit - 1)
    const restored = joined({ spec: { member: member({ since }) } })
    const week = 7 * 24 * 60 * minute
    assert.equal(decide(restored, { now: noon + week - 1 }).kind, 'keep')
    assert.equal(decide(restored, { now: noon + week }).kind, 'collect')
    const stored = joined({ spec: { member: member({ since: at(noon - limit) }) } })
    assert.equal(decide(stored, { now: noon + limit }).kind, 'collect')
  })

  it('has its time counted from the join, and not from when its name was registered', () => {
    const late = joined({ spec: { member: member({ since: at(noon + 60 * minute) }) } })
    assert.equal(decide(late, { now: noon + 75 * minute - 1 }).kind, 'keep')
    assert.deepEqual(decide(late, { now: noon + 75 * minute }), { kind: 'collect', because: 'never confirmed' })
  })

  it('is not collected by who has known of it for less, whose clock may be years ahead', () => {
    const years = 10 * 365 * 24 * 60 * minute
    const decision = decide(joined(), { now: noon + years, awaited: minute })
    assert.ok(decision.kind === 'keep' && decision.status.kind === 'status')
    assert.equal(decision.status.lookAgainMs, 14 * minute)
    assert.equal(decide(joined(), { now: noon + years, awaited: limit }).kind, 'collect')
  })

  it('is looked at again when its time is up, if nothing happens before', () => {
    const decision = decide(joined(), { now: noon + 14 * minute })
    assert.ok(decision.kind === 'keep' && decision.status.kind === 'status')
    assert.ok((decision.status.lookAgainMs ?? Infinity) <= minute)
  })

  it('is kept where a heartbeat has been heard, or was stored', () => {
    const contact = { at: noon, age: 0, gap: 20_000, heartbeat }
    assert.equal(decide(joined(), { now: noon + limit, contact }).kind, 'keep')
    if (confirmed === undefined) assert.fail()
    assert.equal(decide(joined({ status: confirmed }), { now: noon + 90 * 24 * 60 * minute }).kind, 'keep')
  })

  it('is kept where a Bootstrap of the user has registered its name: no join has made that Cluster', () => {
    assert.equal(decide(joined(), { now: noon + limit, isRegisteredAhead: true }).kind, 'keep')
  })

  it('is not what a Cluster without a member is, which waits for ever', () => {
    assert.equal(decide(cluster('east'), { now: noon + 365 * 24 * 60 * minute }).kind, 'keep')
  })
})

describe('a join that asks for approval', () => {
  const day = 24 * 60 * minute
  const waiting = (approved?: boolean) =>
    joined({ spec: { member: member(), approval: 'manual', ...(approved === undefined ? {} : { approved }) } })

  it('is collected after a week in which nobody has decided, and not before', () => {
    assert.equal(decide(waiting(), { now: noon + 7 * day - 1 }).kind, 'keep')
    assert.deepEqual(decide(waiting(), { now: noon + 7 * day }), { kind: 'collect', because: 'never confirmed' })
    assert.equal(decide(waiting(), { now: noon + 7 * day, isRegisteredAhead: true }).kind, 'keep')
    const heardBefore = { at: noon, age: 0, gap: 20_000, heartbeat }
    assert.equal(decide(waiting(), { now: noon + 7 * day, contact: heardBefore }).kind, 'collect')
  })

  it('is looked at again when its week is over', () => {
    const decision = decide(waiting(), { now: noon + 6 * day })
    assert.equal(decision.kind === 'keep' && decision.status.kind === 'status' && decision.status.lookAgainMs, day)
  })

  it('is kept once an administrator has decided on it, either way', () => {
    for (const approved of [true, false]) assert.equal(decide(waiting(approved), { now: noon + 90 * day }).kind, 'keep')
  })
})

describe('the younger of two Clusters of one cluster', () => {
  it('is collected at once, also where it was confirmed or registered', () => {
    const expected = { kind: 'collect', because: 'another Cluster of this uid or key is older' }
    if (confirmed === undefined) assert.fail()
    assert.deepEqual(decide(joined(), { hasElder: true }), expected)
    assert.deepEqual(decide(joined({ status: confirmed }), { hasElder: true, isRegisteredAhead: true }), expected)
  })

  it('that a user deletes is disconnected like any other', () => {
    assert.equal(decide(deleted(joined()), { hasElder: true }).kind, 'release')
  })
})

describe('a Cluster whose member was disconnected', () => {
  const tombstone = (time: number) => ({
    uid: 'uid-east',
    keyId: 'key-east',
    name: 'west',
    at: time,
    isAcknowledged: false,
  })

  it('since it was made is collected: the deleted Cluster was another one of the same member', () => {
    const expected = { kind: 'collect', because: 'its member was disconnected since it was made' }
    for (const isAcknowledged of [false, true])
      assert.deepEqual(decide(joined(), { tombstone: { ...tombstone(noon), isAcknowledged } }), expected)
    if (confirmed === undefined) assert.fail()
    assert.deepEqual(decide(joined({ status: confirmed }), { tombstone: tombstone(noon + 1) }), expected)
  })

  it('by this very one is kept: who leaves has that stored first, and deletes it next', () => {
    const own = { ...tombstone(noon + 1), name: 'east', isAcknowledged: true }
    assert.equal(decide(joined(), { tombstone: own }).kind, 'keep')
  })

  it('before it was made, or before its member joined under it, is kept', () => {
    assert.equal(decide(joined(), { tombstone: tombstone(noon - 1) }).kind, 'keep')
    const bound = joined({ spec: { member: member({ since: at(noon + 1_000) }) } })
    assert.equal(decide(bound, { tombstone: tombstone(noon + 999) }).kind, 'keep')
    const restored = joined({ spec: { member: member({ since: at(noon - 1_000) }) }, status: confirmed })
    assert.equal(decide(restored, { tombstone: tombstone(noon - 999) }).kind, 'keep')
  })
})

describe('a deleted Cluster', () => {
  it('of a member leaves a tombstone with who it was, of this very moment, and of when the API server was told', () => {
    assert.deepEqual(decide(deleted(joined()), { now: noon + 123 }), {
      kind: 'release',
      tombstone: {
        uid: 'uid-east',
        keyId: 'key-east',
        name: 'east',
        at: noon + 123,
        deletedAt: noon,
        isAcknowledged: false,
      },
    })
  })

  it('whose member has left by itself keeps the tombstone of that moment', () => {
    const left = { uid: 'uid-east', keyId: 'key-east', name: 'east', at: noon + 1, isAcknowledged: true }
    assert.deepEqual(decide(deleted(joined()), { tombstone: left }), { kind: 'release' })
  })

  it('leaves one to be told where the one that is stored was not acknowledged, or is of an earlier membership', () => {
    const known = { uid: 'uid-east', keyId: 'key-east', name: 'east', at: noon + 1, isAcknowledged: false }
    for (const tombstone of [known, { ...known, at: noon - 1, isAcknowledged: true }]) {
      const decision = decide(deleted(joined()), { tombstone })
      assert.deepEqual(decision.kind === 'release' && decision.tombstone, {
        ...known,
        at: noon + minute,
        deletedAt: noon,
      })
    }
  })

  it('that nobody had joined leaves none', () => {
    assert.deepEqual(decide(deleted(cluster('east'))), { kind: 'release' })
  })

  it('is let go without one where its namespace is being deleted', () => {
    assert.deepEqual(decide(deleted(joined()), { namespaceIsDeleted: true }), { kind: 'let-go' })
    const own = cluster('primary', { spec: { primary: true } })
    assert.deepEqual(decide(deleted(own), { namespaceIsDeleted: true, waitsFor: ['east'] }), { kind: 'let-go' })
  })

  it('of the primary itself waits for the secondaries and names them', () => {
    const own = deleted(cluster('primary', { spec: { primary: true } }))
    const waiting = decide(own, { waitsFor: ['east', 'west'] })
    assert.ok(waiting.kind === 'keep' && waiting.status.kind === 'status')
    const [condition] = waiting.status.conditions
    assert.equal(condition?.message, 'waits until the secondaries are deleted: east, west')
    assert.deepEqual(decide(own), { kind: 'release' })
  })

  it('that is a secondary waits for no other', () => {
    assert.equal(decide(deleted(joined()), { waitsFor: ['west'] }).kind, 'release')
  })

  it('keeps the finalizers of others', () => {
    const held = joined({ metadata: { finalizers: ['example.com/a', clusterInfoFinalizer, 'example.com/b'] } })
    assert.deepEqual(releasedFinalizers(held), ['example.com/a', 'example.com/b'])
    assert.deepEqual(releasedFinalizers(cluster('primary', { spec: { primary: true } })), [])
  })
})

describe('the metadata of a Cluster', () => {
  it('is left alone where it is right', () => {
    assert.equal(metadataOf(decide(joined())), undefined)
    assert.equal(metadataOf(decide(cluster('primary', { spec: { primary: true } }))), undefined)
  })

  it('gets our label back, and our finalizer, without touching those of others', () => {
    const stripped = joined({ metadata: { labels: { theirs: 'kept' }, finalizers: ['example.com/a'] } })
    assert.deepEqual(metadataOf(decide(stripped)), {
      labels: { [clusterTypeLabel]: 'secondary' },
      finalizers: ['example.com/a', clusterInfoFinalizer],
    })
    const mislabelled = joined({ metadata: { labels: { [clusterTypeLabel]: 'primary' } } })
    assert.deepEqual(metadataOf(decide(mislabelled)), { labels: { [clusterTypeLabel]: 'secondary' } })
  })

  it('holds the primary while there are secondaries, and no longer', () => {
    const free = cluster('primary', { spec: { primary: true } })
    assert.deepEqual(metadataOf(decide(free, { waitsFor: ['east'] })), { finalizers: [clusterInfoFinalizer] })
    const held = cluster('primary', { spec: { primary: true }, metadata: { finalizers: [clusterInfoFinalizer] } })
    assert.equal(metadataOf(decide(held, { waitsFor: ['east'] })), undefined)
    assert.deepEqual(metadataOf(decide(held)), { finalizers: [] })
  })
})
