/**
 * The keys that wait for work: each at most once, never in two hands at the same time, delayed per key after failures.
 * It knows nothing of what a key stands for.
 */
import { exponentialBackoff } from '../lib/backoff.ts'
import type { Cancel, Clock } from '../lib/clock.ts'

export interface WorkQueue {
  /** Queues the key at once; one that is being worked on is queued again when that work is done. */
  add(key: string): void
  /** Queues the key after `ms`; of several wishes for one key the earliest wins. */
  addAfter(key: string, ms: number): void
  /** Queues the key after its own backoff, which doubles with every call, but not before `atLeastMs`. */
  addRateLimited(key: string, atLeastMs?: number): void
  /** Starts the key's backoff anew: its work has succeeded. */
  forget(key: string): void
  /** The next key, as soon as there is one; undefined when the queue is shut down. Its taker must call `done`. */
  take(): Promise<string | undefined>
  done(key: string): void
  /** Keys that wait to be taken now. */
  size(): number
  /** Gives no more keys, drops the waiting ones and cancels the delayed ones. */
  shutDown(): void
}

/** controller-runtime starts at 5 ms too; it goes up to 1,000 s, too long for a person who has just repaired the cause. */
const failureBackoff = { base: 5, cap: 300_000 }

export function createWorkQueue({ clock }: { clock: Clock }): WorkQueue {
  const waiting = new Set<string>()
  const working = new Set<string>()
  /** Added while being worked on. */
  const dirty = new Set<string>()
  const delayed = new Map<string, { due: number; cancel: Cancel }>()
  const failures = new Map<string, number>()
  const takers: ((key: string | undefined) => void)[] = []
  let open = true

  function add(key: string): void {
    if (!open) return
    if (working.has(key)) {
      dirty.add(key)
      return
    }
    waiting.add(key)
    const taker = takers.shift()
    if (taker !== undefined) taker(next())
  }

  function next(): string | undefined {
    const [key] = waiting
    if (key === undefined) return undefined
    waiting.delete(key)
    working.add(key)
    return key
  }

  function addAfter(key: string, ms: number): void {
    if (!open) return
    const due = clock.monotonic() + ms
    const earlier = delayed.get(key)
    if (earlier !== undefined && earlier.due <= due) return
    earlier?.cancel()
    const cancel = clock.after(ms, () => {
      delayed.delete(key)
      add(key)
    })
    delayed.set(key, { due, cancel })
  }

  return {
    add,
    addAfter,
    addRateLimited(key, atLeastMs = 0) {
      const attempt = failures.get(key) ?? 0
      failures.set(key, attempt + 1)
      addAfter(key, Math.max(atLeastMs, exponentialBackoff(attempt, failureBackoff)))
    },
    forget(key) {
      failures.delete(key)
    },
    async take() {
      const key = next()
      if (key !== undefined || !open) return key
      const taken = Promise.withResolvers<string | undefined>()
      takers.push(taken.resolve)
      return taken.promise
    },
    done(key) {
      working.delete(key)
      if (dirty.delete(key)) add(key)
    },
    size: () => waiting.size,
    shutDown() {
      open = false
      waiting.clear()
      for (const { cancel } of delayed.values()) cancel()
      delayed.clear()
      for (const taker of takers.splice(0)) taker(undefined)
    },
  }
}
