import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Bootstrap } from '../../../../src/api/bootstrap.ts'
import type { Cluster } from '../../../../src/api/cluster.ts'
import { decideBootstrap } from '../../../../src/primary/bootstrap/bootstrap.decide.ts'
import { decideJoinedBootstrap } from '../../../../src/primary/bootstrap/joined-bootstrap.ts'
import { isMadeByJoin, nameConflict } from '../../../../src/primary/bootstrap/precedence.ts'
import { at, bootstrap, cluster, entry, k10, madeByJoin, member, noon, primaryEntry } from '../objects.fixture.ts'

const evil = { ...k10, ingress: { url: 'https://evil.example.com' } }
const later = at(noon + 60_000)

/** What a user makes who knows how the record of a join looks. */
function pretended(name: string, clusterName: string, fields: Partial<Bootstrap['metadata']> = {}): Bootstrap {
  const metadata = { ...madeByJoin, creationTimestamp: later, ...fields }
  return bootstrap(name, { cluster: entry(clusterName, { k10: evil }) }, { metadata })
}

/** What becomes of it beside these Bootstraps and this Cluster. */
function decide(subject: Bootstrap, others: readonly Bootstrap[], own: Cluster) {
  const clusterNamed = (name: string) => (name === own.metadata.name ? own : undefined)
  const all = [...others, subject]
  assert.ok(isMadeByJoin(subject))
  const isOutranked = nameConflict(subject, all, clusterNamed) !== undefined
  return decideJoinedBootstrap({ bootstrap: subject, clusterNamed, isOutranked }).kind
}

describe('a Bootstrap that only pretends to be the record of a join', () => {
  it('is a user’s unless it has the name and the form of a record', () => {
    assert.ok(isMadeByJoin(pretended('east', 'east')))
    assert.ok(isMadeByJoin(pretended('east-join', 'east')))
    assert.ok(!isMadeByJoin(pretended('other', 'east')))
    assert.ok(!isMadeByJoin(pretended('east', 'east', { labels: {} })))
    const two = bootstrap('east', { cluster: entry('east'), more: entry('west') }, { metadata: madeByJoin })
    const primary = bootstrap('east', { cluster: entry('east', { primary: true }) }, { metadata: madeByJoin })
    assert.deepEqual([isMadeByJoin(two), isMadeByJoin(primary)], [false, false])
  })

  it('is told, as a user’s, that the name is not its own', () => {
    const record = bootstrap('east', { cluster: entry('east') }, { metadata: madeByJoin })
    const subject = pretended('other', 'east')
    const own = cluster('east', { spec: { member: member() } })
    const decision = decideBootstrap({
      bootstrap: subject,
      all: [record, subject],
      clusterNamed: () => own,
      primaryCluster: undefined,
      identityLost: false,
      hasEndpointFlag: false,
    })
    assert.deepEqual([decision.ready.reason, decision.update], ['NameConflict', []])
  })

  it('changes nothing of the primary, nor of a cluster that has not joined', () => {
    const own = cluster('primary-cluster-1', { spec: { primary: true, k10: primaryEntry.k10 } })
    assert.equal(decide(pretended('primary-cluster-1', 'primary-cluster-1'), [], own), 'nothing')
    assert.equal(decide(pretended('east', 'east'), [], cluster('east')), 'nothing')
  })

  it('changes nothing beside the true record, and nothing beside the Bootstrap that registered the name', () => {
    const own = cluster('east', { spec: { member: member() } })
    const record = bootstrap('east', { cluster: entry('east') }, { metadata: madeByJoin })
    assert.equal(decide(pretended('east-join', 'east'), [record], own), 'nothing')
    const registered = { clusters: [{ key: 'a', name: 'east', ready: true, registered: '', message: '' }] }
    const ahead = bootstrap('mine', { a: entry('east') }, { status: registered })
    assert.equal(decide(pretended('east', 'east'), [ahead], own), 'nothing')
  })
})

describe('the true record of a join', () => {
  it('still carries an edit of its user to the Cluster, whatever others pretend', () => {
    const own = cluster('east', { spec: { member: member() } })
    const edited = bootstrap('east', { cluster: entry('east', { k10: evil }) }, { metadata: madeByJoin })
    const others = [
      pretended('east-join', 'east'),
      bootstrap('mine', { a: entry('east') }, { metadata: { creationTimestamp: later } }),
    ]
    assert.equal(decide(edited, others, own), 'update')
  })
})
