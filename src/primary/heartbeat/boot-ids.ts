/**
 * Notices two processes that beat in turn with one key: each run of a secondary names itself anew, so a name that comes
 * back after another one is still running beside it. In the memory of one replica, and bounded; it writes nothing.
 */
import type { Clock } from '../../lib/clock.ts'

export interface BootIds {
  /** True where this heartbeat shows that two runs take turns. `keyId` is what signed it. */
  heard(clusterName: string, run: { readonly keyId: string; readonly boot: string }): boolean
}

interface Runs {
  readonly keyId: string
  /** The one heard last comes last. */
  readonly boots: readonly string[]
  /** Monotonic, ms: when a run came back after another. */
  readonly returnedAt: number | undefined
}

const nothing: Pick<Runs, 'boots' | 'returnedAt'> = { boots: [], returnedAt: undefined }

/** More than two copies may take turns; and a process that restarts all the time has a name for each run. */
const maxBoots = 8
/** Two returns within this make a suspicion, milliseconds. One alone proves little: a heartbeat may arrive late. */
const window = 3_600_000
/** Beyond this the cluster whose run changed longest ago is forgotten. */
const maxClusters = 20_000

export function createBootIds(clock: Pick<Clock, 'monotonic'>): BootIds {
  /** The cluster whose run changed longest ago first. */
  const clusters = new Map<string, Runs>()

  function keep(name: string, runs: Runs): void {
    clusters.delete(name)
    clusters.set(name, runs)
    if (clusters.size <= maxClusters) return
    const [oldest] = clusters.keys()
    if (oldest !== undefined) clusters.delete(oldest)
  }

  return {
    heard(name, { keyId, boot }) {
      const known = clusters.get(name)
      if (known?.keyId === keyId && known.boots.at(-1) === boot) return false
      // Under another key others beat.
      const { boots, returnedAt } = known?.keyId === keyId ? known : nothing
      const hasReturned = boots.includes(boot)
      const now = clock.monotonic()
      const isSecond = hasReturned && returnedAt !== undefined && now - returnedAt < window
      const recent = [...boots.filter((other) => other !== boot), boot].slice(-maxBoots)
      keep(name, { keyId, boots: recent, returnedAt: hasReturned ? now : returnedAt })
      return isSecond
    },
  }
}
