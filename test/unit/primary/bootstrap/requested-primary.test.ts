import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Bootstrap } from '../../../../src/api/bootstrap.ts'
import type { Cluster } from '../../../../src/api/cluster.ts'
import { createdByLabel } from '../../../../src/api/group.ts'
import { decideRequestedPrimary } from '../../../../src/primary/bootstrap/requested-primary.ts'
import { bootstrap, cluster, entry, namespace, primaryEntry } from '../objects.fixture.ts'

const url = 'https://primary.example.com/k10'
const request = { name: 'primary-cluster-1', ingressUrl: url }
const decide = (bootstraps: readonly Bootstrap[], primaryCluster?: Cluster) =>
  decideRequestedPrimary({ request, namespace, bootstraps, primaryCluster })

const made = (ingressUrl: string, labels: Record<string, string> = { [createdByLabel]: 'flags' }) => {
  const k10 = { ...primaryEntry.k10, ingress: { url: ingressUrl } }
  return bootstrap('bootstrap-primary', { 'primary-cluster': { ...primaryEntry, k10 } }, { metadata: { labels } })
}

describe('a primary that the flags ask for', () => {
  it('gets a Bootstrap that names it and its address', () => {
    const decision = decide([])
    assert.ok(decision.kind === 'create')
    assert.deepEqual(decision.bootstrap.spec.clusters, { 'primary-cluster': primaryEntry })
    assert.deepEqual(decision.bootstrap.metadata, {
      name: 'bootstrap-primary',
      namespace,
      labels: { [createdByLabel]: 'flags' },
    })
  })

  it('gets none where a user has named a primary', () => {
    assert.deepEqual(decide([bootstrap('mine', { a: primaryEntry })]), { kind: 'nothing' })
  })

  it('gets none again once it is registered: deleting the Bootstrap asks for no other', () => {
    assert.deepEqual(decide([], cluster('primary-cluster-1', { spec: { primary: true } })), { kind: 'nothing' })
  })

  it('is followed where the address in the flags has changed', () => {
    const before = made('https://old.example.com')
    assert.deepEqual(decide([before]), { kind: 'follow', bootstrap: before })
    assert.deepEqual(decide([made(url)]), { kind: 'nothing' })
  })

  it('is not followed in a Bootstrap that a user has made his own', () => {
    assert.deepEqual(decide([made('https://old.example.com', {})]), { kind: 'nothing' })
    const renamed = bootstrap('bootstrap-primary', { other: entry('x', { primary: true }) }, made(url))
    assert.deepEqual(decide([renamed]), { kind: 'nothing' })
  })
})
