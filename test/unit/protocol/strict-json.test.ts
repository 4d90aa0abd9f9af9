/** JSON that two readers could understand differently is refused by this one. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { parseStrictJson } from '../../../src/protocol/strict-json.ts'

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
const nestedObjects = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`

describe('strict JSON', () => {
  it('reads what JSON.parse reads', () => {
    const names = fc.string().filter((name) => !['__proto__', 'constructor', 'prototype'].includes(name))
    const value = fc.letrec((tie) => ({
      leaf: fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.boolean(), fc.constant(null)),
      node: fc.oneof(
        { maxDepth: 6 },
        tie('leaf'),
        fc.array(tie('node'), { maxLength: 4 }),
        fc.dictionary(names, tie('node'), { maxKeys: 4, noNullPrototype: true }),
      ),
    })).node
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        assert.deepEqual(parseStrictJson(text), JSON.parse(text))
      }),
    )
  })

  const repeated: Record<string, string> = {
    'at the top': '{"a":1,"a":2}',
    'with the same value': '{"a":1,"a":1}',
    'in an inner object': '{"x":{"a":1,"b":2,"a":3}}',
    'in an object in an array': '[{"a":1},{"a":1,"a":2}]',
    'spelled with an escape': '{"a":1,"\\u0061":2}',
    'spelled with two different escapes': '{"/":1,"\\/":2}',
    'spelled with escapes in either case': '{"\\u00E9":1,"\\u00e9":2}',
    'with white space before the colon': '{"a":1,"a" \t\r\n:2}',
    'far apart': `{"a":1,${Array.from({ length: 500 }, (_, n) => `"n${n}":{}`).join()},"a":2}`,
    'after an inner object with the same name': '{"a":{"a":1},"a":2}',
    'that is the empty text': '{"":1,"":2}',
  }
  for (const [where, text] of Object.entries(repeated))
    it(`refuses a repeated member ${where}`, () => {
      assert.throws(() => parseStrictJson(text), { name: 'SyntaxError', message: 'JSON repeats a member' })
    })

  it('lets two objects use the same name, and a string value look like a name', () => {
    const text = '{"a":{"a":"a"},"b":[{"a":1},{"a":"\\"a\\":"}],"c":["a","a"],"d":"{[:\\"","e":"a"}'
    assert.deepEqual(parseStrictJson(text), JSON.parse(text))
  })

  it('passes eight levels and refuses the ninth', () => {
    for (const nest of [nested, nestedObjects]) {
      assert.doesNotThrow(() => parseStrictJson(nest(8)))
      assert.throws(() => parseStrictJson(nest(9)), { name: 'SyntaxError', message: 'JSON is nested deeper than 8' })
    }
  })

  it('counts levels, not brackets', () => {
    assert.doesNotThrow(() => parseStrictJson(`[${Array.from({ length: 100 }, () => nested(7)).join()}]`))
    assert.doesNotThrow(() => parseStrictJson(JSON.stringify('['.repeat(100))))
  })

  for (const name of ['__proto__', 'constructor', 'prototype', '\\u005f_proto__'])
    it(`refuses a member named ${name}, at any depth`, () => {
      for (const text of [`{"${name}":{}}`, `{"a":[{"${name}" : 1}]}`])
        assert.throws(() => parseStrictJson(text), { name: 'SyntaxError', message: 'JSON names a prototype key' })
    })

  it('does not mind those words as values', () => {
    assert.deepEqual(parseStrictJson('{"a":"__proto__","b":["constructor"]}'), {
      a: '__proto__',
      b: ['constructor'],
    })
  })

  for (const text of ['', ' ', '{', '{"a":1}x', "{'a':1}", '{"a":1,}', '\ufeff{}', 'NaN', '"\t"', '{"a":secretvalue}'])
    it(`refuses ${JSON.stringify(text)}, and its error repeats nothing of it`, () => {
      assert.throws(
        () => parseStrictJson(text),
        (error: Error) => error.name === 'SyntaxError' && error.message === 'not JSON' && error.cause === undefined,
      )
    })

  it('reads hostile text of half a megabyte in linear time', { timeout: 120_000 }, () => {
    // A quadratic scan of any of these takes minutes: the child is ended long before, and the test fails.
    const script = `
      import { parseStrictJson } from ${JSON.stringify(new URL('../../../src/protocol/strict-json.ts', import.meta.url))}
      const n = 1 << 19
      for (const text of [
        '"'.repeat(n), '"' + '\\\\"'.repeat(n), '['.repeat(n), '{'.repeat(n), '['.repeat(n) + ']'.repeat(n),
        '{"a":'.repeat(n), '["' + '\\\\"'.repeat(n) + '"]', '[' + '[],'.repeat(n) + '[]]', '{"a"' + ' '.repeat(n) + ':1}',
        '[' + '"a" ,'.repeat(n) + '"a"]', '\\\\'.repeat(n),
      ]) try { parseStrictJson(text) } catch (error) { if (error.name !== 'SyntaxError') throw error }
      process.stdout.write('done')`
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { timeout: 60_000 })
    assert.equal(child.stdout.toString(), 'done', child.stderr.toString())
  })
})
