/** Runs seeds one after the other, and reports the first that breaks a law so that it can be run again. */
import { type Action, describe } from './actions.ts'
import { actionsOf, type Outcome, run } from './run.ts'
import { shrink } from './shrink.ts'
import type { Sabotage } from './world/world.ts'

/** The first of so many seeds that breaks a law; undefined where none does. */
export async function firstBroken(
  seeds: { readonly from: number; readonly count: number },
  sabotage?: Sabotage,
): Promise<{ readonly seed: number; readonly outcome: Outcome } | undefined> {
  for (let seed = seeds.from; seed < seeds.from + seeds.count; seed += 1) {
    const outcome = await runOnce(seed, actionsOf(seed), sabotage)
    if (outcome.broken.length > 0) return { seed, outcome }
  }
  return undefined
}

/** What a person needs to see what has happened. */
export async function reportOf(seed: number, { broken }: Outcome): Promise<string> {
  const actions = await shrink(actionsOf(seed), async (fewer) => runOnce(seed, fewer))
  const { trace } = await runOnce(seed, actions)
  return [
    `seed ${seed} breaks a law: ${broken.join('; ')}`,
    `the shortest list of actions that was found:`,
    ...actions.map((action) => `  ${describe(action)}`),
    'what happens in it:',
    ...trace.map((line) => `  ${line}`),
    `to run it again: node test/model/main.ts --seed ${seed}`,
  ].join('\n')
}

async function runOnce(seed: number, actions: readonly Action[], sabotage?: Sabotage): Promise<Outcome> {
  return run({ seed, actions, ...(sabotage === undefined ? {} : { sabotage }) })
}
