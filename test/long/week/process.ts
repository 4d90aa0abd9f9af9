/**
 * The process in which a week is lived: the runner of tests follows every promise of its own process, which costs a fifth
 * of the time and is no part of what memory is measured of.
 */
import { once } from 'node:events'
import { startControlPlane } from '../../../tools/controlplane/control-plane.ts'
import { installDefinitions, usualPrimary } from '../../../tools/installation.ts'
import { rememberCurve } from '../../support/curve.ts'
import { beginLife, type Life } from './life.ts'
import { usedMemory } from './memory.ts'
import { planWeek, seededRandom } from './plan.ts'
import { reportOn, type WeekTask } from './report.ts'
import { type Tally, tallyWrites } from './tally.ts'
import { createWorld, type World } from './world.ts'

const hour = 3_600_000
const replicasUser = `system:serviceaccount:${usualPrimary.home}:conjoin-primary`

/** Everybody joins, a second after the other. */
async function settle(world: World, life: Life, members: number): Promise<void> {
  for (let joined = 0; joined < members; joined += 1) {
    life.join()
    await world.pass(1_000)
  }
  await world.until('all have joined', () => [...life.members].every((member) => member.status()?.status === 'Joined'))
}

/** Lives through all that is planned; gives the memory in use at the end of each seventh part, bytes. */
async function live(world: World, life: Life, tally: Tally, { hours, seed }: WeekTask): Promise<readonly number[]> {
  const begin = world.timeline.elapsed()
  const until = async (at: number) => world.pass(Math.max(0, begin + at - world.timeline.elapsed()))
  const plan = planWeek({ hours, seed })
  const day = Math.max(1, Math.floor(hours / 7))
  const memory: number[] = []
  for (let lived = 0; lived < hours; lived += 1) {
    for (const happening of plan.filter(({ at }) => Math.floor(at / hour) === lived)) {
      await until(happening.at)
      await life.happen(happening)
    }
    await until((lived + 1) * hour)
    await life.lookWhoIsOut()
    await tally.read()
    if (lived % day !== day - 1) continue
    const used = usedMemory()
    memory.push(used)
    // So that who waits sees that it goes on.
    console.log(`after ${lived + 1} hours: ${life.members.size} members, ${used} bytes in use`)
  }
  return memory
}

async function liveAndReport(task: WeekTask) {
  const controlPlane = await startControlPlane({ name: 'primary' })
  try {
    await installDefinitions(controlPlane)
    const world = await createWorld({ ...task, controlPlane, random: seededRandom(task.seed) })
    try {
      const life = await beginLife(world)
      await settle(world, life, task.members)
      const tally = await tallyWrites(controlPlane.auditLog, replicasUser)
      const memory = await live(world, life, tally, task)
      life.heal()
      // Two heartbeats of everybody, and what one replica tells the other after them.
      await world.pass(3 * task.interval)
      await life.lookWhoIsOut()
      return await reportOn(world, life, { memory, writes: Object.fromEntries(tally.writes) })
    } finally {
      await world.end()
    }
  } finally {
    await controlPlane.stop()
  }
}

// All members and replicas are this one process: what it has signed it need not verify, which is a fifth of the time.
rememberCurve()
// Held until the task has come: the tether alone lets a process end that has nothing else to do.
process.channel?.ref()
const [task] = (await once(process, 'message')) as [WeekTask]
process.send?.(await liveAndReport(task))
process.disconnect()
