/** What makes a cluster a primary is what the documents say, and is not made twice. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bootstrapSchema } from '../../../../src/api/bootstrap.ts'
import { isSamePrimary, planPrimary } from '../../../../src/cli/init/plan.ts'

const plan = (name = 'primary-1', ingress = 'https://primary.example.com/k10') =>
  planPrimary({ name, ingress, namespace: 'kasten-io-mc' })

describe('the plan of a primary', () => {
  it('has the namespace, both kinds, and a Bootstrap that the API server would take', () => {
    const { namespace, definitions, bootstrap } = plan()
    assert.equal(namespace.metadata.name, 'kasten-io-mc')
    assert.deepEqual(
      definitions.map(({ metadata }) => metadata.name),
      ['bootstraps.dist.kio.kasten.io', 'clusters.dist.kio.kasten.io'],
    )
    assert.deepEqual(bootstrapSchema.parse(bootstrap), bootstrap)
    const [entry] = Object.values(bootstrap.spec.clusters)
    assert.equal(entry?.primary, true)
    assert.equal(entry.name, 'primary-1')
    assert.equal(entry.k10.ingress?.url, 'https://primary.example.com/k10')
  })
})

describe('two Bootstraps', () => {
  it('name the same primary where name and address are the same; a slash at the end is none of it', () => {
    assert.equal(isSamePrimary(plan().bootstrap, plan('primary-1', 'https://primary.example.com/k10/').bootstrap), true)
    assert.equal(isSamePrimary(plan().bootstrap, plan('primary-2').bootstrap), false)
    assert.equal(isSamePrimary(plan().bootstrap, plan('primary-1', 'https://other.example.com').bootstrap), false)
  })
})
