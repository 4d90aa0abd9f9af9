/**
 * Notices two processes that beat in turn with one key, wherever each of them is heard. In the memory of one replica, and
 * bounded; it writes nothing. What taking turns is, is for `runs.decide.ts` to say.
 */
import type { Clock } from '../../lib/clock.ts'
import { type Elsewhere, type Run, type Runs, runsAfter } from './runs.decide.ts'

export interface BootIds {
  /** True where this heartbeat shows that two runs take turns. `elsewhere` is the last one that another replica tells of. */
  heard(clusterName: string, by: Run, elsewhere?: Elsewhere): boolean
}

/** Beyond this the cluster that was heard longest ago is forgotten. */
const maxClusters = 20_000

export function createBootIds(clock: Pick<Clock, 'monotonic'>): BootIds {
  /** The cluster that was heard longest ago first. */
  const clusters = new Map<string, Runs>()

  function keep(name: string, runs: Runs): void {
    clusters.delete(name)
    clusters.set(name, runs)
    if (clusters.size <= maxClusters) return
    const [oldest] = clusters.keys()
    if (oldest !== undefined) clusters.delete(oldest)
  }

  return {
    heard(name, by, elsewhere) {
      const { runs, takeTurns } = runsAfter(clusters.get(name), { by, at: clock.monotonic(), elsewhere })
      keep(name, runs)
      return takeTurns
    },
  }
}
