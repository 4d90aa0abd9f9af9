/**
 * One read for all who ask before it begins: it shows whatever was written before any of them asked. It keeps no answer:
 * whoever asks later is read for anew.
 */
import type { Clock } from './clock.ts'

/** Between the starts of two reads lie at least `every` milliseconds; the first one begins at once. */
export function shareReads<T>(
  read: () => Promise<T>,
  options: { readonly every: number; readonly clock: Pick<Clock, 'monotonic' | 'sleep'> },
): () => Promise<T> {
  const { every, clock } = options
  let next: Promise<T> | undefined
  let startedAt = -Infinity

  async function readSoon(): Promise<T> {
    const wait = startedAt + every - clock.monotonic()
    // Also without a wait: `next` is not set before this function has returned once.
    await (wait > 0 ? clock.sleep(wait) : undefined)
    // Whoever asks from here on may have seen something newer than this read shows.
    next = undefined
    startedAt = clock.monotonic()
    return read()
  }

  return async () => {
    next ??= readSoon()
    return next
  }
}
