/** Whether a write would change anything, judged as the API server would see it: as JSON. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { deepEqual } from '../../../src/lib/deep-equal.ts'

/** What survives a round trip through JSON unchanged. */
const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as unknown)

describe('equality of plain data', () => {
  it('holds for a copy', () => {
    fc.assert(fc.property(json, (value) => assert.ok(deepEqual(value, structuredClone(value)))))
  })

  it('agrees with the JSON of the two, where members are in the same order', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        if (JSON.stringify(a) === JSON.stringify(b)) assert.ok(deepEqual(a, b))
        else if (typeof a !== 'object' || typeof b !== 'object') assert.ok(!deepEqual(a, b))
      }),
    )
  })

  it('does not depend on the order of members, but on that of entries', () => {
    assert.ok(deepEqual({ a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }))
    assert.ok(!deepEqual([1, 2], [2, 1]))
  })

  it('takes a member that is undefined for absent, at any depth', () => {
    assert.ok(deepEqual({ a: 1, b: undefined }, { a: 1 }))
    assert.ok(deepEqual({ a: [{ b: undefined }] }, { a: [{}] }))
    assert.ok(!deepEqual({ a: undefined }, { a: null }))
  })

  it('tells apart what only looks alike', () => {
    const different: readonly (readonly [unknown, unknown])[] = [
      [1, '1'],
      [0, false],
      ['', null],
      [null, undefined],
      [{}, []],
      [{}, null],
      [[1], { 0: 1 }],
      [{ a: 1 }, { a: 1, b: 1 }],
      [[1], [1, 1]],
      [{ a: { b: 1 } }, { a: { b: 2 } }],
    ]
    for (const [a, b] of different) {
      assert.ok(!deepEqual(a, b), JSON.stringify([a, b]))
      assert.ok(!deepEqual(b, a), JSON.stringify([b, a]))
    }
  })
})
