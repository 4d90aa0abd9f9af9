/**
 * The model: whole worlds in memory, in which the product's own replicas and secondaries live through random actions of
 * users, faults and an attacker, with laws that must hold at every moment and in the end.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { firstBroken, reportOf } from './check.ts'
import { run } from './run.ts'

/** Always the same, so that a failure here is one of the change that is tested. `npm run test:long` looks further. */
const seeds = [
  { from: 1, count: 100 },
  { from: 101, count: 100 },
  { from: 201, count: 100 },
] as const

/** Seeds that have broken a law once, or have shown that one was untrue. Other actions in the world make other worlds of them. */
const regressions: readonly (readonly [seed: number, found: string])[] = [
  [22, 'a member whose Cluster was made anew under its name was told that it is unknown'],
  [25, 'a refusal said that a membership goes on which another key had by then'],
  [156, 'a cluster said Joined when mc-join and its membership had been deleted'],
  [1193, 'a cluster said that its membership goes on while its Secret was being written back'],
  [1504, 'a disconnected member was never told so, because the key that had signed its token was given up'],
  [1572, 'one of two Clusters of a member that was disconnected stood for ever'],
  [2316, 'a member that was leaving lost the Secret that asked it to'],
  [3031, 'a member was lost together with all the others, which the primary says of itself alone'],
  [3547, 'a member that had only to join again was told of a disconnection before its last join'],
  [3711, 'a member that was disconnected by the younger of its two Clusters kept the older one'],
  [4254, 'an older request came to a replica that had not heard of a disconnection'],
  [4575, 'a restored primary had forgotten the key by which a token was, and with it who asks'],
  [5272, 'a thief had asked for a key that nobody used'],
  [5493, 'a world did not come to rest: what a program waited for was too short for its clock'],
]

describe('the model', () => {
  it('repeats a run of one seed step by step', async () => {
    const [first, second] = [await run({ seed: 11 }), await run({ seed: 11 })]
    assert.deepEqual(second.trace, first.trace)
    assert.ok(first.trace.length > 50, 'too little has happened to tell')
  })

  for (const { from, count } of seeds)
    it(`keeps every law in ${count} worlds from seed ${from} on`, async () => {
      const found = await firstBroken({ from, count })
      if (found !== undefined) assert.fail(await reportOf(found.seed, found.outcome))
    })

  for (const [seed, found] of regressions)
    it(`keeps every law in world ${seed}, which has found: ${found}`, async () => {
      const outcome = await run({ seed })
      if (outcome.broken.length > 0) assert.fail(await reportOf(seed, outcome))
    })
})
