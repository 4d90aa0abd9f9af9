import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { clusterNameSchema, generatedName, isClusterName } from '../../../src/api/cluster-name.ts'

describe('the name of a cluster', () => {
  for (const name of ['a', 'edge-1', '1', 'a.b', 'a--b.c', 'a'.repeat(63)]) {
    it(`may be ${name}`, () => assert.ok(isClusterName(name)))
  }

  for (const name of [
    '',
    '-a',
    'a-',
    'a..b',
    '.a',
    'a.',
    'a.-b',
    'A',
    'a_b',
    'a b',
    ' a',
    'a\n',
    'é',
    'ａ',
    'edge:1',
    'a/b',
    'a'.repeat(64),
  ]) {
    it(`cannot be ${JSON.stringify(name)}`, () => {
      assert.ok(!isClusterName(name))
      assert.ok(!clusterNameSchema.safeParse(name).success)
    })
  }

  it('is judged as Kubernetes judges a subdomain', () => {
    const reference = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
    const text = fc.string({ unit: fc.constantFrom('a', '0', '-', '.', 'A'), maxLength: 12 })
    fc.assert(
      fc.property(text, (name) => assert.equal(isClusterName(name), reference.test(name))),
      { numRuns: 5000 },
    )
  })

  it('is made of the UID where none is asked for, longer on demand', () => {
    const uid = '6f1b0a3c-0000-4000-8000-000000000001'
    const digest = createHash('sha256').update(uid).digest('hex')
    assert.equal(generatedName(uid, 8), `cluster-${digest.slice(0, 8)}`)
    assert.equal(generatedName(uid, 16), `cluster-${digest.slice(0, 16)}`)
    assert.equal(generatedName(uid, 32), `cluster-${digest.slice(0, 32)}`)
    assert.ok(isClusterName(generatedName(uid, 32)))
  })
})
