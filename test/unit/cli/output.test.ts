/** What is printed looks as kubectl's own output does. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clusterKind } from '../../../src/api/cluster.ts'
import {
  ageSince,
  ageText,
  jsonText,
  listOf,
  manifestsText,
  objectName,
  plainText,
  tableText,
  yamlText,
} from '../../../src/cli/output.ts'
import { secretKind } from '../../../src/kube/objects.ts'

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

describe('a table', () => {
  it('has columns as wide as their longest cell, three spaces apart, and no blanks at the end', () => {
    const rows = [
      ['a-long-name', 'usable', '1m'],
      ['b', '', ''],
    ]
    assert.equal(
      tableText(['NAME', 'STATE', 'AGE'], rows),
      'NAME          STATE    AGE\na-long-name   usable   1m\nb\n',
    )
  })

  it('stays a table whatever its cells hold', () => {
    assert.equal(tableText(['A', 'B'], [['x\ny', '\u001B[31mred\u001B[0m']]), 'A     B\nx y   red\n')
  })
})

describe('an age', () => {
  it('has two units where the larger one is small, else one', () => {
    const ages: readonly (readonly [number, string])[] = [
      [0, '0s'],
      [999, '0s'],
      [59 * second, '59s'],
      [minute, '1m'],
      [3 * minute + 20 * second, '3m20s'],
      [10 * minute + 20 * second, '10m'],
      [hour, '1h'],
      [5 * hour + 30 * minute, '5h30m'],
      [23 * hour + 59 * minute, '23h'],
      [2 * day + 4 * hour, '2d4h'],
      [30 * day + 4 * hour, '30d'],
      [-5 * second, '0s'],
    ]
    for (const [ms, text] of ages) assert.equal(ageText(ms), text)
  })

  it('is unknown of what has no time', () => {
    assert.equal(ageSince(undefined, 0), '<unknown>')
    assert.equal(ageSince('1970-01-01T00:00:00Z', 5000), '5s')
  })
})

describe('an object', () => {
  it('is named by its kind, its group and its name', () => {
    assert.equal(objectName(secretKind, 'a'), 'secret/a')
    assert.equal(objectName(clusterKind, 'east'), 'cluster.dist.kio.kasten.io/east')
  })

  it('is one document of a stream that kubectl takes', () => {
    assert.equal(manifestsText([{ a: 'x' }, { b: 'no' }]), 'a: x\n---\nb: no\n')
  })
})

describe('a text of somebody else', () => {
  it('is one line without control characters', () => {
    assert.equal(plainText('a\u001B]0;title\u0007b\r\nc\u009Bd'), 'ab c d')
  })
})

describe('a list for programs', () => {
  it('leaves out who manages which field, and changes no object', () => {
    const metadata = { name: 'east', managedFields: [{ manager: 'someone' }] }
    const listed: unknown = JSON.parse(jsonText(listOf([{ metadata }])))
    assert.deepEqual(listed, {
      apiVersion: 'v1',
      kind: 'List',
      metadata: { resourceVersion: '' },
      items: [{ metadata: { name: 'east' } }],
    })
    assert.doesNotMatch(yamlText(listOf([{ metadata }])), /managedFields/)
    assert.equal(metadata.managedFields.length, 1)
  })
})
