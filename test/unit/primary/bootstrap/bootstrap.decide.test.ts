import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Bootstrap } from '../../../../src/api/bootstrap.ts'
import type { Cluster } from '../../../../src/api/cluster.ts'
import { annotations } from '../../../../src/api/group.ts'
import { type BootstrapObservation, decideBootstrap } from '../../../../src/primary/bootstrap/bootstrap.decide.ts'
import { at, bootstrap, cluster, entry, k10, madeByJoin, noon, primaryEntry } from '../objects.fixture.ts'

/** One Bootstrap beside these others and Clusters. */
function observed(
  subject: Bootstrap,
  world: { others?: readonly Bootstrap[]; clusters?: readonly Cluster[]; flags?: Partial<BootstrapObservation> } = {},
): BootstrapObservation {
  const clusters = world.clusters ?? []
  return {
    bootstrap: subject,
    all: [subject, ...(world.others ?? [])],
    clusterNamed: (name) => clusters.find(({ metadata }) => metadata.name === name),
    primaryCluster: clusters.find(({ spec }) => spec.primary),
    identityLost: false,
    hasEndpointFlag: false,
    ...world.flags,
  }
}

const registered = (name: string, key = 'a', marker = '') => ({
  clusters: [{ key, name, ready: true, registered: marker, message: '' }],
})
const first = bootstrap('first', { a: primaryEntry })
const ownCluster = cluster('primary-cluster-1', { spec: { primary: true, k10: primaryEntry.k10 } })

describe('a Bootstrap', () => {
  it('registers each entry as a Cluster, secondaries with the finalizer', () => {
    const decision = decideBootstrap(observed(bootstrap('first', { a: primaryEntry, b: entry('east') })))
    assert.deepEqual(
      decision.create.map(({ metadata, spec }) => [metadata.name, metadata.labels, metadata.finalizers, spec]),
      [
        [
          'primary-cluster-1',
          { 'dist.kio.kasten.io/cluster-type': 'primary' },
          undefined,
          { primary: true, k10: primaryEntry.k10 },
        ],
        [
          'east',
          { 'dist.kio.kasten.io/cluster-type': 'secondary' },
          ['dist.kio.kasten.io/cluster-info'],
          { primary: false, k10 },
        ],
      ],
    )
    assert.deepEqual(
      decision.entries.map(({ registered: marker }) => marker),
      ['', ''],
    )
    assert.equal(decision.ready.reason, 'Registered')
  })

  it('changes nothing where the Clusters are what it says', () => {
    const decision = decideBootstrap(observed(first, { clusters: [ownCluster] }))
    assert.deepEqual([decision.create, decision.update], [[], []])
  })

  it('brings the Cluster in line where its k10 was edited, also where the ingress was removed', () => {
    for (const edited of [
      { ...k10, ingress: { url: 'https://new.example.com' } },
      { ...k10, releaseName: 'other' },
    ]) {
      const subject = bootstrap('first', { a: { ...primaryEntry, k10: edited } })
      const decision = decideBootstrap(observed(subject, { clusters: [ownCluster], flags: { hasEndpointFlag: true } }))
      assert.deepEqual(decision.update, [{ cluster: ownCluster, k10: edited }])
    }
  })

  it('does not make a Cluster again that was deleted, and says so', () => {
    const subject = bootstrap('first', { a: entry('east') }, { status: registered('east') })
    const decision = decideBootstrap(observed(subject))
    assert.deepEqual(decision.create, [])
    assert.match(decision.entries[0]?.message ?? '', /^Disconnected: .*annotation register/)
    assert.equal(decision.entries[0]?.ready, false)
    assert.equal(decision.ready.message, 'every entry has been registered; disconnected since: east')
  })

  it('makes it again for a new value of the annotation register, once', () => {
    const metadata = { annotations: { [annotations.register]: 'again' } }
    const subject = bootstrap('first', { a: entry('east') }, { metadata, status: registered('east') })
    const decision = decideBootstrap(observed(subject))
    assert.deepEqual(
      decision.create.map(({ metadata: { name } }) => name),
      ['east'],
    )
    assert.equal(decision.entries[0]?.registered, 'again')
    const done = bootstrap('first', { a: entry('east') }, { metadata, status: registered('east', 'a', 'again') })
    assert.deepEqual(decideBootstrap(observed(done)).create, [])
  })

  it('makes one for an entry with another name', () => {
    const subject = bootstrap('first', { a: entry('west') }, { status: registered('east') })
    assert.deepEqual(
      decideBootstrap(observed(subject)).create.map(({ metadata }) => metadata.name),
      ['west'],
    )
  })

  it('remembers the value with which a present Cluster was registered, not the present one', () => {
    const metadata = { annotations: { [annotations.register]: 'again' } }
    const subject = bootstrap('first', { a: entry('east') }, { metadata, status: registered('east') })
    const decision = decideBootstrap(observed(subject, { clusters: [cluster('east')] }))
    assert.equal(decision.entries[0]?.registered, '', 'a later deletion meets a new value, and registers it anew')
  })

  it('does not turn a secondary into a primary', () => {
    const subject = bootstrap('first', { a: { ...primaryEntry, name: 'east' } })
    const decision = decideBootstrap(observed(subject, { clusters: [cluster('east')] }))
    assert.deepEqual([decision.create, decision.update], [[], []])
    assert.match(decision.entries[0]?.message ?? '', /is a secondary already, and its role cannot change/)
  })
})

describe('of two Bootstraps that name a primary', () => {
  const second = (fields: Parameters<typeof bootstrap>[2] = {}) =>
    bootstrap('second', { a: { ...primaryEntry, name: 'primary-cluster-2' } }, fields)
  const reasonOf = (subject: Bootstrap, others: readonly Bootstrap[], clusters: readonly Cluster[] = []) =>
    decideBootstrap(observed(subject, { others, clusters })).ready.reason

  it('the one whose Cluster exists wins, also if it is younger', () => {
    const younger = second({ metadata: { creationTimestamp: at(noon + 1_000) } })
    const clusters = [cluster('primary-cluster-2', { spec: { primary: true, k10: primaryEntry.k10 } })]
    assert.equal(reasonOf(younger, [first], clusters), 'Registered')
    assert.equal(reasonOf(first, [younger], clusters), 'PrimaryConflict')
  })

  it('else the older wins, and else the first by alphabet', () => {
    const older = second({ metadata: { creationTimestamp: at(noon - 1_000) } })
    assert.deepEqual([reasonOf(older, [first]), reasonOf(first, [older])], ['Registered', 'PrimaryConflict'])
    const twin = second()
    assert.deepEqual([reasonOf(first, [twin]), reasonOf(twin, [first])], ['Registered', 'PrimaryConflict'])
  })

  it('the loser changes nothing, keeps what it knew, and names the winner', () => {
    const loser = bootstrap('second', { a: primaryEntry, b: entry('east') }, { status: registered('east', 'b') })
    const decision = decideBootstrap(observed(loser, { others: [first], clusters: [ownCluster] }))
    assert.deepEqual([decision.create, decision.update], [[], []])
    assert.match(decision.ready.message, /^Bootstrap first names the primary already/)
    assert.equal(decision.entries.find(({ key }) => key === 'b')?.registered, '')
  })

  it('renaming the primary asks for the deletion of its Cluster first', () => {
    const renamed = bootstrap('first', { a: { ...primaryEntry, name: 'renamed' } })
    const decision = decideBootstrap(observed(renamed, { clusters: [ownCluster] }))
    assert.deepEqual([decision.create, decision.ready.reason], [[], 'PrimaryConflict'])
    assert.match(decision.ready.message, /primary-cluster-1 is the primary already/)
  })
})

describe('of two Bootstraps with one name', () => {
  it('the one that registered it wins, else the older', () => {
    const older = bootstrap('older', { a: entry('east') })
    const younger = bootstrap(
      'younger',
      { a: entry('east') },
      { metadata: { creationTimestamp: at(noon + 1_000) }, status: registered('east') },
    )
    const clusters = [cluster('east')]
    assert.equal(decideBootstrap(observed(older, { others: [younger], clusters })).ready.reason, 'NameConflict')
    assert.equal(decideBootstrap(observed(younger, { others: [older], clusters })).ready.reason, 'Registered')
    assert.equal(decideBootstrap(observed(younger, { others: [older] })).ready.reason, 'NameConflict')
  })

  it('a cluster that joined under the name keeps it', () => {
    const record = bootstrap(
      'east',
      { cluster: entry('east') },
      {
        metadata: { ...madeByJoin, creationTimestamp: at(noon + 1_000) },
      },
    )
    const decision = decideBootstrap(
      observed(bootstrap('mine', { a: entry('east') }), { others: [record], clusters: [cluster('east')] }),
    )
    assert.equal(decision.ready.reason, 'NameConflict')
    assert.match(decision.ready.message, /^the name east belongs to Bootstrap east/)
  })
})

describe('a Bootstrap that cannot serve', () => {
  it('lacks an address', () => {
    const subject = bootstrap('first', { a: { ...primaryEntry, k10 } })
    assert.equal(decideBootstrap(observed(subject)).ready.reason, 'EndpointMissing')
    assert.equal(decideBootstrap(observed(subject, { flags: { hasEndpointFlag: true } })).ready.reason, 'Registered')
  })

  it('has lost the key of the primary, and says how to restore it', () => {
    const decision = decideBootstrap(observed(first, { flags: { identityLost: true } }))
    assert.equal(decision.ready.reason, 'IdentityLost')
    assert.match(decision.ready.message, /mc-primary-identity.*restore it from a backup/)
  })
})
