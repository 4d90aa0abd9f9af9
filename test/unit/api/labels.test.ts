import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isLabelKey, isLabelValue, isReservedLabelKey } from '../../../src/api/labels.ts'

describe('a label', () => {
  for (const key of ['region', 'a.b_c-D', 'example.com/region', 'a'.repeat(63), `${'a'.repeat(253)}/b`])
    it(`may have the key ${key.slice(0, 30)}`, () => assert.ok(isLabelKey(key)))

  for (const key of [
    '',
    '/',
    'a/',
    '/a',
    'a/b/c',
    '-a',
    'a-',
    'A.com/a',
    'a'.repeat(64),
    `${'a'.repeat(254)}/b`,
    'a b',
    'ä',
  ])
    it(`cannot have the key ${JSON.stringify(key.slice(0, 30))}`, () => assert.ok(!isLabelKey(key)))

  it('may be empty, and its value is no longer than 63 characters', () => {
    assert.ok(isLabelValue(''))
    assert.ok(isLabelValue('eu-1'))
    assert.ok(!isLabelValue('a'.repeat(64)))
    assert.ok(!isLabelValue('a b'))
  })

  it('belongs to us or to Kubernetes by its prefix only', () => {
    for (const key of [
      'dist.kio.kasten.io/cluster-type',
      'kubernetes.io/os',
      'app.kubernetes.io/name',
      'k8s.io/a',
      'x.k8s.io/a',
    ])
      assert.ok(isReservedLabelKey(key), key)
    for (const key of ['cluster-type', 'example.com/k8s.io', 'notkubernetes.io/a', 'kio.kasten.io/a', 'k8s.io'])
      assert.ok(!isReservedLabelKey(key), key)
  })
})
