/**
 * A join that is interrupted at any of its steps, in any way, ends as if nothing had happened: one Cluster, one record,
 * one use of the token; or the refusal that was due. So do a member that beats, one that changes its key, a primary that
 * changes its own, a member that leaves, and one that is disconnected. The steps are read from undisturbed runs and not
 * listed here.
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
import { admitted, clusterName, left, refused, type Story } from '../support/join-stories.ts'
import { beating, disconnected, rekeyed, rolled } from '../support/member-stories.ts'
import { startPair } from '../support/pair.ts'

/** Each case is two processes on few cores; more of them only wait for each other. */
const concurrency = 3
/** These wait for a client to lose patience, and cost nothing meanwhile: they run beside the others. */
const slowConcurrency = 4

/**
 * Of these stories so many cases are drawn, beside those that kill a process: it forgets what it has not stored, and nothing
 * else shows that. FAULTS_SEED draws others.
 */
const drawn: ReadonlyMap<Story, number> = new Map([
  [disconnected, 8],
  [rekeyed, 8],
  [rolled, 4],
])
const seed = Number(process.env['FAULTS_SEED'] ?? 1)
const chance = createChance(seed)

const pair = await startPair()
after(async () => pair.stop())

const stories = { admitted, refused, left, disconnected, beating, rekeyed, rolled }
// All before the first test is known: when those that are known have run, the runner ends the pair.
const recorded = await Promise.all(
  Object.entries(stories).map(async ([name, story]) => ({ story, steps: await recordSteps(pair, story, name) })),
)
const recordings = recorded.map(({ story, steps }) => {
  /** Whatever could happen to them. */
  const all = steps
    .flatMap((step) => interruptionsOf(story, step))
    .filter(endsTheSame)
    .filter(comesEachTime)
  return { story, steps, all, cases: draw(all, drawn.get(story)) }
})

/** A primary that dies is not back before a member that leaves gives up: that one leaves untold, which is another end. */
function endsTheSame({ story, kills, step: { name, nth } }: Interruption): boolean {
  if (story === left) return kills !== 'primary'
  if (story !== disconnected) return true
  // Who has forgotten its membership tells nobody any more. The first word of its farewell only fetches a nonce.
  const isFirstWord = name === `POST clusters/${clusterName}/leave` && nth === 1
  return name !== 'patch secrets/mc-identity' && !(isFirstWord && kills !== undefined)
}

/** What is news at the same time is told in one write or in several, and heartbeats go on for as long as a story takes. */
function comesEachTime({ story, step: { name, nth } }: Interruption): boolean {
  if (story === disconnected) return nth === 1 || name !== `POST clusters/${clusterName}/heartbeat`
  if (story === rekeyed) return nth === 1 || name !== `patch clusters/${clusterName}/status`
  return story !== rolled || nth === 1 || name === 'patch secrets/mc-primary-identity'
}

function draw(cases: readonly Interruption[], count = cases.length): readonly Interruption[] {
  const others = cases.filter(({ kills }) => kills === undefined)
  if (count >= others.length) return cases
  const picked = Array.from({ length: count }, () => others.splice(chance.below(others.length), 1)).flat()
  return [...cases.filter(({ kills }) => kills !== undefined), ...picked]
}

for (const { story, steps, all, cases } of recordings) {
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
}

let scenes = 0
function survive(isSlow: boolean): void {
  for (const interruption of recordings.flatMap(({ cases }) => cases)) {
    if (interruption.isSlow !== isSlow) continue
    scenes += 1
    const sceneName = `case-${scenes}`
    const title = `${interruption.story.title}: ${formatInterruption(interruption)}`
    it(title, async () => assertSurvives(pair, sceneName, interruption))
  }
}

describe('whatever happens, all comes to its end', { concurrency: 2 }, () => {
  describe('at once', { concurrency }, () => survive(false))
  describe('when a client has lost its patience', { concurrency: slowConcurrency }, () => survive(true))
})
