/** One run of the model: a world made of a seed, actions in it, and the laws that must hold. The same seed, the same run. */
import type { MemoryApiServer } from '../support/memory-api/server.ts'
import { type Action, describe, makeActions } from './actions.ts'
import { createAttacker } from './attacker.ts'
import { keepLedger, type Ledger } from './laws/ledger.ts'
import { unrest } from './laws/quiet.ts'
import { disclosures } from './laws/secrecy.ts'
import { statusOf } from './laws/stored.ts'
import { catchUp, perform } from './perform.ts'
import { createUsers } from './users.ts'
import type { Answered } from './world/network.ts'
import { createChance } from './world/random.ts'
import { Restless } from './world/scheduler.ts'
import { createWorld, type Sabotage, type World } from './world/world.ts'

export interface Outcome {
  /** The laws that were broken, in words; empty where all held. */
  readonly broken: readonly string[]
  /** What has happened, in order. */
  readonly trace: readonly string[]
}

export interface RunOptions {
  readonly seed: number
  /** Those of the seed where none are given. */
  readonly actions?: readonly Action[]
  /** Changes a request of the primary on its way, to see that the model notices. */
  readonly sabotage?: Sabotage
}

/** Enough for every patience of the product but the longest, and enough for all of them. Milliseconds. */
const quietTime = 75_000
const moreQuietTime = 375_000

/** Milliseconds. */
const longestIdle = 4_000

export const actionsOf = (seed: number): readonly Action[] => makeActions(createChance(seed))

export async function run({ seed, actions = actionsOf(seed), sabotage }: RunOptions): Promise<Outcome> {
  const trace: string[] = []
  let answered = (_answered: Answered): void => {}
  // What has no chance of its own given, like the waits after a failure, has that of the world.
  const { random } = Math
  // The product makes errors by the thousand here, and each would remember where.
  const { stackTraceLimit } = Error
  const world = createWorld({
    seed,
    replicas: 1 + (seed % 3),
    secondaries: 2 + (seed % 2),
    onAnswer: (given) => {
      trace.push(`${time(world)} ${given.message.from} ${given.message.path} ${given.answer.status}`)
      answered(given)
    },
    ...(sabotage === undefined ? {} : { sabotage }),
  })
  Math.random = () => world.chance().fraction()
  Error.stackTraceLimit = 0
  try {
    const ledger = keepLedger(world)
    answered = (given) => ledger.answered(given)
    follow(world, trace)
    const actors = { world, users: createUsers(world), attacker: createAttacker(world) }
    for (const action of actions) {
      await come(world, action.after)
      if (ledger.broken.length > 0) break
      world.reseed(action.salt)
      trace.push(`${time(world)} -- ${describe(action)}`)
      await perform(actors, action)
    }
    const broken =
      ledger.broken.length > 0 ? ledger.broken : await end(world, { ledger, stolen: actors.attacker.stolen, trace })
    return { broken: [...new Set(broken)], trace }
  } catch (error) {
    if (!(error instanceof Restless)) throw error
    return { broken: [`the world does not come to rest: ${error.message}`], trace }
  } finally {
    world.end()
    Math.random = random
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** Lets the steps before an action happen; in a world that is idle it comes sooner, for nothing would be interrupted. */
async function come({ scheduler, chance }: World, steps: number): Promise<void> {
  for (let step = 0; step < steps; step += 1) {
    if (scheduler.isIdle() && step > 0) return scheduler.pass(chance().below(longestIdle))
    await scheduler.step()
  }
}

/** The faults end, and time passes; what is broken then, or was on the way. */
async function end(
  world: World,
  { ledger, stolen, trace }: { ledger: Ledger; stolen: ReadonlySet<string>; trace: string[] },
): Promise<readonly string[]> {
  world.faults.api.splice(0)
  world.faults.network.splice(0)
  world.network.clear()
  catchUp(world)
  world.scheduler.calm()
  await world.scheduler.pass(quietTime)
  if (unrest(world, stolen).length > 0) await world.scheduler.pass(moreQuietTime)
  for (const { name, server } of world.secondaries) {
    const { status = 'nothing', msg = '' } = statusOf(server) ?? {}
    trace.push(`${time(world)} ${name} says ${status} ${msg}`)
  }
  return [...ledger.broken, ...ledger.overdue(), ...unrest(world, stolen), ...disclosures(world)]
}

/** What is stored goes into the trace: by names and verbs, because ids and keys are others in each run. */
function follow(world: World, trace: string[]): void {
  const tell = ({ name, server }: { readonly name: string; readonly server: MemoryApiServer }) =>
    server.onChange(({ plural, before, after }) => {
      if (plural === 'leases' || plural === 'events') return
      const verb = before === undefined ? 'created' : after === undefined ? 'removed' : 'changed'
      trace.push(`${time(world)} ${name}: ${plural} ${(after ?? before)?.metadata.name} ${verb}`)
    })
  tell({ name: 'primary', server: world.primary })
  world.eachSecondary(tell)
}

function time({ scheduler }: Pick<World, 'scheduler'>): string {
  return `${(scheduler.elapsed() / 1000).toFixed(3)} s`
}
