/** The forms of single fields: what a name, a uid, a word and a number may be. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { z } from 'zod'
import * as field from '../../../src/protocol/fields.ts'

function assertForms(schema: z.ZodType, good: readonly unknown[], bad: readonly unknown[]): void {
  for (const value of good) assert.equal(schema.safeParse(value).success, true, `refused ${JSON.stringify(value)}`)
  for (const value of bad) assert.equal(schema.safeParse(value).success, false, `passed ${JSON.stringify(value)}`)
}

const endpoints = (count: number) => Array.from({ length: count }, () => 'https://a')

describe('a field', () => {
  it('for a cluster name holds an RFC 1123 subdomain that fits a label, and no look-alike', () => {
    assertForms(
      field.clusterName,
      ['edge', 'edge-1', 'a.b.c', '1', 'a'.repeat(63)],
      [
        '',
        'Edge',
        '-edge',
        'edge-',
        'edge.',
        '.edge',
        'a..b',
        'a.-b',
        'edge_1',
        'edge:1',
        'edge/1',
        'edge 1',
        'edge\n',
        '\nedge',
        'edge\0',
        'a'.repeat(64),
        'é'.normalize('NFC'),
        'é'.normalize('NFD'),
        // Cyrillic, full width, zero width.
        '\u0435dge',
        '\uff45dge',
        'edge\u200b',
        1,
        null,
        undefined,
        ['edge'],
        { name: 'edge' },
      ],
    )
  })

  it('for a uid holds letters, digits and hyphens', () => {
    assertForms(
      field.clusterUid,
      ['6f1e4c1e-5a1d-4c57-9a07-0d4f3ad5b4c5', 'A', 'a'.repeat(64)],
      ['', 'a'.repeat(65), 'a b', 'a/b', 'a\n', 'a,b', '"', null],
    )
  })

  it('for free text holds one word without anything that breaks a log line or a label', () => {
    assertForms(
      field.freeText,
      ['ok', 'v1.36.3+k3s1', 'a_b-c', 'a'.repeat(64)],
      ['', 'a b', 'a\n', 'a:b', 'ä', 'a'.repeat(65)],
    )
  })

  it('for bytes holds exactly as many characters as they have', () => {
    for (const [schema, length] of [
      [field.tokenId, 16],
      [field.clientNonce, 22],
      [field.thumbprint, 43],
      [field.hash, 43],
      [field.publicKeyText, 43],
      [field.exchangeKey, 43],
      [field.serverNonce, 54],
    ] as const)
      assertForms(
        schema,
        ['A'.repeat(length), '-_'.repeat(length / 2).padEnd(length, 'z')],
        ['A'.repeat(length - 1), 'A'.repeat(length + 1), `${'A'.repeat(length - 1)}=`, `${'A'.repeat(length)}\n`],
      )
  })

  it('for a time holds whole seconds since the epoch', () => {
    assertForms(field.time, [0, 1_800_000_000], [-1, 0.5, '0', Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60, null])
  })

  it('for an interval holds a positive, finite number', () => {
    assertForms(field.interval, [0.5, 20], [0, -1, '20', Number.NaN, Number.POSITIVE_INFINITY, null])
  })

  it('for what a member reports holds names that a namespace and a release can have', () => {
    const k10 = { namespace: 'kasten-io', releaseName: 'k10' }
    assertForms(
      field.k10,
      [k10, { ...k10, ingress: { url: 'https://a' } }],
      [
        {},
        { ...k10, namespace: 'a.b' },
        { ...k10, releaseName: 'A' },
        { ...k10, ingress: {} },
        { ...k10, ingress: null },
      ],
    )
  })

  it('for endpoints holds at most ten, none of them empty or endless', () => {
    assertForms(field.endpoints, [[], endpoints(10)], [endpoints(11), [''], ['h'.repeat(2_049)], 'https://a', [1]])
  })
})
