/** Makes a failing list of actions short: what can be left out while the same law stays broken is left out. */
import type { Action } from './actions.ts'
import type { Outcome } from './run.ts'

/** The runs that this may cost. */
const mostRuns = 120

/** First halves, then quarters, down to single actions. */
export async function shrink(
  actions: readonly Action[],
  runWith: (actions: readonly Action[]) => Promise<Outcome>,
): Promise<readonly Action[]> {
  const wanted = kindOf((await runWith(actions)).broken[0])
  let shortest = actions
  let runs = 0
  for (let size = Math.ceil(actions.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let from = 0; from < shortest.length && runs < mostRuns; runs += 1) {
      const shorter = [...shortest.slice(0, from), ...shortest.slice(from + size)]
      const { broken } = await runWith(shorter)
      if (broken.some((law) => kindOf(law) === wanted)) shortest = shorter
      else from += size
    }
  return shortest
}

/** Names and numbers differ between two runs that break the same law. */
function kindOf(law: string | undefined): string {
  return (law ?? '').replaceAll(/\b(east|west|north|mallory|secondary-\d|replica-\d|\d+)\b/g, '…')
}
