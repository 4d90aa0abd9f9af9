/** The life of the primary's signing keys, as a table: announced, promoted, retired, dropped, and given up. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  announcedFor,
  decideRoll,
  type RollDecision,
  type RollObservation,
  retiredAtLeast,
  rolledKeys,
} from '../../../../src/primary/identity/roll.decide.ts'
import type { StoredKeys } from '../../../../src/primary/identity/stored-keys.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'

const now = Date.UTC(2030, 0, 10)
const years = 10 * 365 * 24 * 3_600_000
const [a, b, c, made] = [generateSigningKey(), generateSigningKey(), generateSigningKey(), generateSigningKey()]
const [kidA, kidB, kidC] = [a.thumbprint, b.thumbprint, c.thumbprint]

const single: StoredKeys = { current: a, retired: [], compromised: [] }
const announced: StoredKeys = { ...single, next: { key: b, announcedAt: now }, rotated: '1' }
const promoted: StoredKeys = {
  current: b,
  retired: [a],
  promotedAt: now - retiredAtLeast,
  rotated: '1',
  compromised: [],
}
const twice: StoredKeys = { ...promoted, current: c, retired: [a, b], rotated: '2' }

function seen(keys: StoredKeys, more: Partial<RollObservation> = {}): RollObservation {
  return { keys, asked: keys.rotated, members: [], former: [], pinned: new Set(), now, ...more }
}

const cases: readonly [string, RollObservation, RollDecision][] = [
  ['nobody asks for anything', seen(single), { kind: 'nothing' }],
  ['a roll is asked for', seen(single, { asked: '1' }), { kind: 'announce' }],
  ['it has been followed already', seen({ ...single, rotated: '1' }), { kind: 'nothing' }],
  ['another one is asked for', seen({ ...single, rotated: '1' }, { asked: '2' }), { kind: 'announce' }],
  ['the wish was taken back', seen({ ...single, rotated: '1' }, { asked: undefined }), { kind: 'nothing' }],
  [
    'a member has not named the next key',
    seen(announced, { members: [kidB, kidA] }),
    { kind: 'nothing', afterMs: announcedFor },
  ],
  ['a member has never named a key', seen(announced, { members: [kidB, undefined] }), wait(announcedFor)],
  ['another roll is asked for during one', seen(announced, { asked: '2', members: [kidA] }), wait(announcedFor)],
  ['every member has named the next key', seen(announced, { members: [kidB, kidB] }), { kind: 'promote' }],
  ['there are no members', seen(announced), { kind: 'promote' }],
  ['seven days but a moment', seen(announced, { members: [kidA], now: now + announcedFor - 1 }), wait(1)],
  ['seven days are over', seen(announced, { members: [kidA], now: now + announcedFor }), { kind: 'promote' }],
  [
    'the clock was put back by years since the next key was announced',
    seen({ ...announced, next: { key: b, announcedAt: now + years } }, { members: [kidA] }),
    { kind: 'promote' },
  ],
  [
    'the clock was put back by years since the retired key retired',
    seen({ ...promoted, promotedAt: now + years }, { members: [kidB] }),
    drop(kidA),
  ],
  [
    'the clock of a leader before was seconds ahead',
    seen({ ...announced, next: { key: b, announcedAt: now + 5_000 } }, { members: [kidA] }),
    wait(announcedFor + 5_000),
  ],
  ['nobody trusts the retired key', seen(promoted, { members: [kidB] }), drop(kidA)],
  ['it has retired just now', seen({ ...promoted, promotedAt: now }, { members: [kidB] }), wait(retiredAtLeast)],
  ['a member has not named a younger key', seen(promoted, { members: [kidB, kidA] }), { kind: 'nothing' }],
  ['a member has never named a key after a roll', seen(promoted, { members: [undefined] }), { kind: 'nothing' }],
  ['a disconnected member has still to hear of it', seen(promoted, { former: [kidA] }), { kind: 'nothing' }],
  ['a disconnected member named a younger key', seen(promoted, { former: [kidB] }), drop(kidA)],
  ['a join token pins the retired key', seen(promoted, { pinned: new Set([kidA]) }), { kind: 'nothing' }],
  ['a member trusts a key that is not held any more', seen(promoted, { members: [kidC] }), drop(kidA)],
  ['two retired keys, and one of them is pinned', seen(twice, { pinned: new Set([kidA]) }), drop(kidB)],
  ['two retired keys, and a member trusts the younger', seen(twice, { members: [kidB] }), drop(kidA)],
  ['two retired keys, and a member trusts the older', seen(twice, { members: [kidA] }), { kind: 'nothing' }],
  ['nobody needs either', seen(twice, { members: [kidC] }), drop(kidA, kidB)],
  ['the current key is compromised', seen({ ...single, compromised: [kidA] }), giveUp(kidA)],
  ['the next one is', seen({ ...announced, compromised: [kidB] }, { members: [kidB] }), giveUp(kidB)],
  [
    'a retired one is, although a member trusts it',
    seen({ ...promoted, compromised: [kidA] }, { members: [kidA] }),
    giveUp(kidA),
  ],
  ['a key was given up before', seen({ ...promoted, compromised: [kidC] }, { members: [kidA] }), { kind: 'nothing' }],
]

function wait(afterMs: number): RollDecision {
  return { kind: 'nothing', afterMs }
}
function drop(...kids: string[]): RollDecision {
  return { kind: 'drop', kids }
}
function giveUp(...kids: string[]): RollDecision {
  return { kind: 'give-up', kids }
}

describe('the decision about the signing keys', () => {
  for (const [situation, observed, decision] of cases)
    it(`is ${decision.kind} where ${situation}`, () => {
      assert.deepEqual(decideRoll(observed), decision)
    })
})

describe('the keys afterwards', () => {
  const after = (keys: StoredKeys, decision: Exclude<RollDecision, { kind: 'nothing' }>, asked = '1') =>
    rolledKeys({ keys, asked, now }, decision, () => made)

  it('have a next one that was announced', () => {
    const next = { key: made, announcedAt: now }
    assert.deepEqual(after(single, { kind: 'announce' }), { ...single, next, rotated: '1' })
  })

  it('have the next one as the current one, and keep the old one as the youngest of the retired', () => {
    const rolling = { ...promoted, next: { key: c, announcedAt: 0 }, compromised: ['given up'] }
    const expected = { current: c, retired: [a, b], promotedAt: now, rotated: '2', compromised: ['given up'] }
    assert.deepEqual(after(rolling, { kind: 'promote' }, '2'), expected)
  })

  it('have lost those that were dropped, and no other', () => {
    assert.deepEqual(after(twice, { kind: 'drop', kids: [kidA] }), { ...twice, retired: [b] })
  })

  it('have a new current one where that was given up, and no next one: it lay in the same Secret', () => {
    const rolling = { ...promoted, next: { key: c, announcedAt: 0 } }
    const expected = { ...promoted, current: made, next: undefined, promotedAt: now }
    assert.deepEqual(after(rolling, { kind: 'give-up', kids: [kidB] }), expected)
  })

  it('keep the current one where another was given up', () => {
    assert.deepEqual(after(announced, { kind: 'give-up', kids: [kidB] }), { ...announced, next: undefined })
    assert.deepEqual(after(promoted, { kind: 'give-up', kids: [kidA] }), { ...promoted, next: undefined, retired: [] })
  })
})
