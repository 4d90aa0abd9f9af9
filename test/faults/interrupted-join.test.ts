/**
 * A join that is interrupted at any of its steps, in any way, comes out as if nothing had happened: one Cluster, one
 * record, one use of the token. The steps are read from an undisturbed join and not listed here.
 */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import {
  assertSurvives,
  formatInterruption,
  formatTable,
  type Interruption,
  interruptionsOf,
  recordJoin,
} from '../support/interruptions.ts'
import { startPair } from '../support/scene.ts'

/** Each case is two processes on two cores; more only wait for each other. */
const concurrency = 3
/** These wait for a client to lose patience, and cost nothing meanwhile. */
const slowConcurrency = 6

const pair = await startPair()
after(async () => pair.stop())
const steps = await recordJoin(pair)
const interruptions = steps.flatMap(interruptionsOf)
console.log(`the steps of a join; renewals of leases and writes of Events are left out:\n${formatTable(steps)}`)

it('has steps on both sides and between them', () => {
  assert.deepEqual([...new Set(steps.map(({ channel }) => channel))], ['primary', 'secondary', 'wire'])
  assert.ok(interruptions.length >= 8, `only ${interruptions.length} cases were found`)
})

describe('a join survives that', { concurrency }, () => survives(interruptions.filter(({ isSlow }) => !isSlow)))

describe('a join outlasts that', { concurrency: slowConcurrency }, () =>
  survives(interruptions.filter(({ isSlow }) => isSlow)),
)

function survives(cases: readonly Interruption[]): void {
  for (const interruption of cases)
    it(formatInterruption(interruption), async () =>
      assertSurvives(pair, `case-${interruptions.indexOf(interruption)}`, interruption),
    )
}
