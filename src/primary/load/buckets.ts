/**
 * Token buckets by key: each allows a burst and then a steady rate. What a request has cost may be given back, which is
 * why no rate limiter of a library serves here. Memory is bounded; nothing is written down.
 */
import type { Clock } from '../../lib/clock.ts'

export interface BucketLimits {
  /** How many requests may come at once. */
  readonly burst: number
  /** How many more are allowed each second. */
  readonly perSecond: number
}

export interface Buckets {
  /** Takes one; returns 0, or how long to wait for the next one, milliseconds. */
  take(key: string): number
  giveBack(key: string, count: number): void
}

interface Bucket {
  left: number
  /** Monotonic, milliseconds. */
  at: number
}

/** Beyond this the least recently used key starts afresh: an attacker with more addresses gains a burst for each. */
const maxKeys = 10_000

export function createBuckets(limits: BucketLimits, clock: Pick<Clock, 'monotonic'>): Buckets {
  /** The least recently used key first. */
  const buckets = new Map<string, Bucket>()

  function refreshed(key: string): Bucket {
    const now = clock.monotonic()
    const known = buckets.get(key) ?? { left: limits.burst, at: now }
    const earned = ((now - known.at) / 1000) * limits.perSecond
    const bucket = { left: Math.min(limits.burst, known.left + earned), at: now }
    buckets.delete(key)
    buckets.set(key, bucket)
    if (buckets.size > maxKeys) {
      const [oldest] = buckets.keys()
      if (oldest !== undefined) buckets.delete(oldest)
    }
    return bucket
  }

  return {
    take(key) {
      const bucket = refreshed(key)
      if (bucket.left < 1) return Math.ceil(((1 - bucket.left) / limits.perSecond) * 1000)
      bucket.left -= 1
      return 0
    },
    giveBack(key, count) {
      const bucket = refreshed(key)
      bucket.left = Math.min(limits.burst, bucket.left + count)
    },
  }
}
