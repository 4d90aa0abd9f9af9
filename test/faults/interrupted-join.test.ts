/**
 * A join that is interrupted at any of its steps, in any way, ends as if nothing had happened: one Cluster, one record,
 * one use of the token; or the refusal that was due. So do a member that beats, one that changes its key, a primary that
 * changes its own, and a member that leaves. The steps are read from undisturbed runs and not listed here.
 */
import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { createChance } from '../model/world/random.ts'
import {
  assertSurvives,
  formatInterruption,
  formatTable,
  type Interruption,
  interruptionsOf,
  recordSteps,
} from '../support/interruptions.ts'
import type { Step } from '../support/join-steps.ts'
import { admitted, clusterName, left, refused, type Story } from '../support/join-stories.ts'
import { beating, rekeyed, rolled } from '../support/member-stories.ts'
import { startPair } from '../support/scene.ts'

/** Each case is two processes on few cores; more of them only wait for each other. */
const concurrency = 3
/** These wait for a client to lose patience, and cost nothing meanwhile. */
const slowConcurrency = 6

/** Of these stories so many cases are drawn, others in each run; the seed draws the same again. */
const drawn: ReadonlyMap<Story, number> = new Map([
  [rekeyed, 18],
  [rolled, 9],
])
const seed = Number(process.env['FAULTS_SEED'] ?? Date.now() % 1_000_000)
const chance = createChance(seed)

const pair = await startPair()
after(async () => pair.stop())

// All before the first test is known: when those that are known have run, the runner ends the pair.
const recordings: { readonly story: Story; readonly steps: readonly Step[] }[] = []
for (const [story, sceneName] of [
  [admitted, 'admitted'],
  [refused, 'refused'],
  [left, 'left'],
  [beating, 'beating'],
  [rekeyed, 'rekeyed'],
  [rolled, 'rolled'],
] as const)
  recordings.push({ story, steps: await recordSteps(pair, story, sceneName) })

/** A primary that dies is not back before a member that leaves gives up: that one leaves untold, which is another end. */
const endsTheSame = ({ story, kills }: Interruption) => story !== left || kills !== 'primary'

/** What is news at the same time is told in one write or in several, and heartbeats go on for as long as a story takes. */
function comesEachTime({ story, step: { name, nth } }: Interruption): boolean {
  if (story === rekeyed) return nth === 1 || name !== `patch clusters/${clusterName}/status`
  return story !== rolled || nth === 1 || name === 'patch secrets/mc-primary-identity'
}

function draw(cases: readonly Interruption[], count = cases.length): readonly Interruption[] {
  if (count >= cases.length) return cases
  const others = [...cases]
  return Array.from({ length: count }, () => others.splice(chance.below(others.length), 1)).flat()
}

let scenes = 0
function survives(cases: readonly Interruption[]): void {
  for (const interruption of cases) {
    scenes += 1
    const sceneName = `case-${scenes}`
    it(formatInterruption(interruption), async () => assertSurvives(pair, sceneName, interruption))
  }
}

for (const { story, steps } of recordings) {
  const all = steps
    .flatMap((step) => interruptionsOf(story, step))
    .filter(endsTheSame)
    .filter(comesEachTime)
  const cases = draw(all, drawn.get(story))
  console.log(
    `${story.title} takes these steps, not counting leases and Events:\n${formatTable(story, steps)}\n${cases.length} of ${all.length} cases are tried, FAULTS_SEED=${seed}\n`,
  )

  it(`${story.title} is recorded with its writes and exchanges`, () => {
    const channels = steps.map(({ channel }) => channel)
    assert.ok(channels.includes('wire'))
    assert.equal(channels.includes('secondary'), story !== beating, 'a heartbeat stores nothing')
    assert.equal(channels.includes('primary'), story !== refused && story !== beating, 'nor does a refusal')
    assert.ok(cases.length >= 6, `only ${cases.length} cases were found`)
  })

  describe(`${story.title} goes on when`, { concurrency }, () => survives(cases.filter(({ isSlow }) => !isSlow)))

  describe(`${story.title} waits and goes on when`, { concurrency: slowConcurrency }, () =>
    survives(cases.filter(({ isSlow }) => isSlow)),
  )
}
