/** A copy of a cluster that another replica hears: what they tell each other, late and seldom, shows it and nothing else. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runId } from '../../../../src/api/sightings.ts'
import { createBootIds } from '../../../../src/primary/heartbeat/boot-ids.ts'
import { createManualClock } from '../../../support/manual-clock.ts'

const keyId = 'key'
const second = 1_000

/** Replicas a, b and c, each of which knows only what it hears, and what reaches it of what the others tell. */
function replicas() {
  const clock = createManualClock()
  const all = { a: createBootIds(clock), b: createBootIds(clock), c: createBootIds(clock) }
  type Name = keyof typeof all
  /** What each has heard last, and what is taken for the last that the others have. */
  const last = new Map<Name, { run: string; at: number }>()
  const told = new Map<Name, { run: string; at: number }>()
  return {
    /** Whether this heartbeat shows that two runs take turns. */
    hear(name: Name, boot: string): boolean {
      const at = clock.monotonic()
      last.set(name, { run: runId(keyId, boot), at })
      const theirs = told.get(name)
      const elsewhere = theirs === undefined ? undefined : { run: theirs.run, age: at - theirs.at }
      return all[name].heard('east', { keyId, boot }, elsewhere)
    },
    /** `name` tells the others, for whom it looks as much younger as it was on its way. */
    tell(name: Name, lateBy = 0): void {
      const sighting = last.get(name)
      if (sighting === undefined) return
      const at = Math.min(sighting.at + lateBy, clock.monotonic())
      for (const other of Object.keys(all) as Name[])
        if (other !== name && at > (told.get(other)?.at ?? -1)) told.set(other, { ...sighting, at })
    },
    pass: async (seconds: number) => clock.advance(seconds * second),
  }
}

/** `a:A b:B` is that a hears the run A and ten seconds later b the run B; `a!` that a tells, `a!20` that this is late. */
async function play(story: string): Promise<readonly string[]> {
  const world = replicas()
  const shown: string[] = []
  const parts = story.split(' ')
  for (const part of parts) {
    const name = part[0] === 'a' ? 'a' : part[0] === 'b' ? 'b' : 'c'
    if (part[1] === '!') world.tell(name, Number(part.slice(2)) * second)
    else {
      if (world.hear(name, part.slice(2))) shown.push(name)
      await world.pass(10)
    }
  }
  return shown
}

describe('a copy of a cluster that another replica hears', () => {
  it('shows to each that hears one of the two, at the second return', async () => {
    assert.deepEqual(await play('a:A b:B b! a:A a! b:B b! a:A a! b:B'), ['a', 'b'])
    assert.deepEqual(await play('a:A b:B b! a:A a! b:B b!'), [])
  })

  it('shows also where they tell only now and then, and where there are three replicas', async () => {
    assert.deepEqual(await play('a:A b:B a:A b:B a:A b:B b! a:A b:B a:A b:B a:A b:B b! a:A'), ['a'])
    assert.deepEqual(await play('c:A b:B b! c:A a:A b:B b! c:A'), ['c'])
  })

  it('shows to who hears both together with what others hear', async () => {
    assert.deepEqual(await play('a:A a:B a:A b:B b! a:A'), ['a'])
  })
})

describe('a cluster of which there is one', () => {
  it('is innocent wherever it is heard', async () => {
    const around = Array.from({ length: 20 }, () => 'a:A a! b:A b! c:A c!').join(' ')
    assert.deepEqual(await play(around), [])
  })

  it('is innocent where its process restarts, though others tell for long of the run that has ended', async () => {
    const after = Array.from({ length: 20 }, () => 'a:B b! a:B c!').join(' ')
    assert.deepEqual(await play(`a:A b:A b! c:A c! ${after}`), [])
  })

  it('is innocent where it restarts all the time and is heard here and there', async () => {
    const runs = Array.from({ length: 100 }, (_, run) => `a:${run} b:${run} b! a! c:${run} c! a:${run}`).join(' ')
    assert.deepEqual(await play(runs), [])
  })

  it('is innocent where one telling of the run before comes late', async () => {
    assert.deepEqual(await play('a:A b:A a:B b!60 a:B b! a:B b! a:B'), [])
  })

  it('is innocent where each telling comes some seconds late, restart after restart', async () => {
    const runs = Array.from({ length: 20 }, (_, run) => `b:${run} a:${run + 1} b!14 a:${run + 1}`).join(' ')
    assert.deepEqual(await play(runs), [])
  })
})
