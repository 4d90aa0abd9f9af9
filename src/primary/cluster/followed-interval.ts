/**
 * The longest interval between two heartbeats that a member may still follow. Members keep what they were told until their
 * next heartbeat, so when the primary tells a shorter one they are judged by the longer one for a while. A new leader learns
 * of it from the primary's own Cluster; who writes that, and who judges, is elsewhere.
 */
import type { Cluster } from '../../api/cluster.ts'
import type { Clock } from '../../lib/clock.ts'
import { silenceLimit } from './health.decide.ts'

export interface FollowedInterval {
  /** Milliseconds. */
  longest(): number
  /** This process becomes the one that judges: from now on it decides how long a longer interval is kept. */
  beginJudging(): void
}

export interface FollowedIntervalDeps {
  /** The interval that members are told now, milliseconds. */
  readonly told: () => number
  /** The Clusters that are the primary itself. */
  readonly primaries: () => readonly Cluster[]
  readonly clock: Pick<Clock, 'monotonic'>
}

interface Followed {
  /** Milliseconds. */
  readonly longest: number
  /** Monotonic, ms: since when members are told a shorter one; undefined while it is told. */
  readonly outdatedSince?: number
}

export function createFollowedInterval({ told, primaries, clock }: FollowedIntervalDeps): FollowedInterval {
  let followed: Followed | undefined
  const stored = () => Math.max(0, ...primaries().map(({ status }) => (status?.heartbeatInterval ?? 0) * 1_000))
  return {
    longest() {
      // The leader says how long it is kept.
      if (followed === undefined) return Math.max(told(), stored())
      followed = nextFollowed(followed, told(), clock.monotonic())
      return followed.longest
    },
    beginJudging() {
      followed = { longest: stored() }
    },
  }
}

/** Whoever has not been heard for as long as makes a member a lost one is judged by it, and no longer follows it. */
function nextFollowed({ longest, outdatedSince }: Followed, told: number, now: number): Followed {
  if (told >= longest) return { longest: told }
  const since = outdatedSince ?? now
  return now - since < silenceLimit(longest) ? { longest, outdatedSince: since } : { longest: told }
}

/** As a Cluster stores it, seconds: a fleet that grows by one cluster is no news. */
export function storedInterval(ms: number): number {
  return Math.ceil(ms / 1_000)
}
