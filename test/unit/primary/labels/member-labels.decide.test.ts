/** Which labels of a member are taken over, and what is said of the others. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { annotations } from '../../../../src/api/group.ts'
import type { Labels } from '../../../../src/api/labels.ts'
import { areTakenOver, siftLabels } from '../../../../src/primary/labels/member-labels.decide.ts'
import { cluster } from '../objects.fixture.ts'

const allowed = ['region', 'example.com/*']
const prefix = 'labels that the cluster reports were left out; '

describe('the labels that a member reports', () => {
  const cases: readonly (readonly [string, Labels, Labels, string | undefined])[] = [
    ['none', {}, {}, undefined],
    [
      'those that are allowed, by key or by prefix',
      { region: 'eu', 'example.com/tier': '' },
      { region: 'eu', 'example.com/tier': '' },
      undefined,
    ],
    [
      'those that nobody has allowed, among them keys that only look like allowed ones',
      { regions: 'eu', Region: 'eu', 'example.com.evil/tier': 'gold', 'sub.example.com/tier': 'gold', region: 'eu' },
      { region: 'eu' },
      'not allowed by --member-labels: Region, example.com.evil/tier, regions, sub.example.com/tier',
    ],
    [
      'reserved ones, whatever is allowed',
      { 'dist.kio.kasten.io/cluster-type': 'primary', 'app.kubernetes.io/name': 'x', 'k8s.io/a': 'b' },
      {},
      'reserved: app.kubernetes.io/name, dist.kio.kasten.io/cluster-type, k8s.io/a',
    ],
    [
      'malformed ones, which are counted and not repeated',
      { 'a b': 'c', '\u001b[2J': 'x', '': 'x', region: 'not a value', 'example.com/': 'x', 'EXAMPLE.com/a': 'x' },
      {},
      'malformed: 6',
    ],
    [
      'many, of which a few are named',
      Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`label-${index}`, 'x'])),
      {},
      'not allowed by --member-labels: label-0, label-1, label-2, label-3, label-4 and 3 more',
    ],
    [
      'of every kind',
      { team: 'a', 'k8s.io/a': 'b', 'a b': 'c', region: 'eu' },
      { region: 'eu' },
      'reserved: k8s.io/a; not allowed by --member-labels: team; malformed: 1',
    ],
  ]
  for (const [what, reported, taken, dropped] of cases)
    it(`are sifted: ${what}`, () => {
      const note = dropped === undefined ? undefined : prefix + dropped
      assert.deepEqual(siftLabels(reported, allowed), { taken, dropped: note })
    })

  it('are all left out where nothing is allowed, which is the default', () => {
    assert.deepEqual(siftLabels({ region: 'eu' }, []).taken, {})
  })
})

describe('labels that were taken over', () => {
  const stored = (record: string | undefined, labels: Record<string, string>) =>
    cluster('east', {
      metadata: { labels, ...(record === undefined ? {} : { annotations: { [annotations.memberLabels]: record } }) },
    })
  const cases: readonly (readonly [string, ReturnType<typeof stored>, Labels, boolean])[] = [
    ['none were, and none are reported', stored(undefined, { theirs: 'x' }), {}, true],
    ['none were', stored(undefined, {}), { region: 'eu' }, false],
    ['these were', stored('a=b,region=eu', { region: 'eu', a: 'b' }), { region: 'eu', a: 'b' }, true],
    ['these were, and a user has another value', stored('region=eu', { region: 'us' }), { region: 'eu' }, true],
    ['these were, and somebody has removed one', stored('region=eu', {}), { region: 'eu' }, false],
    ['others were', stored('region=us', { region: 'us' }), { region: 'eu' }, false],
    ['some are reported no longer', stored('a=b,region=eu', { region: 'eu', a: 'b' }), { region: 'eu' }, false],
    ['none are reported any longer', stored('region=eu', { region: 'eu' }), {}, false],
    ['a user has set the same ones himself', stored(undefined, { region: 'eu' }), { region: 'eu' }, false],
  ]
  for (const [what, subject, taken, expected] of cases)
    it(`${expected ? 'cost nothing' : 'are written'}: ${what}`, () => {
      assert.equal(areTakenOver(subject, taken), expected)
    })
})
