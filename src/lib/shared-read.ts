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

/**
 * The same for reads of many things, each shared by those who ask for that one, which `idOf` names. Whoever asks while
 * nobody waits for it is read for at once.
 */
export function shareReadsOf<S, T>(
  read: (subject: S) => Promise<T>,
  options: {
    readonly idOf: (subject: S) => string
    readonly every: number
    readonly clock: Pick<Clock, 'monotonic' | 'sleep'>
  },
): (subject: S) => Promise<T> {
  /** As long as somebody waits for it. */
  const reads = new Map<string, { readonly read: () => Promise<T>; askers: number }>()
  return async (subject) => {
    const id = options.idOf(subject)
    const shared = reads.get(id) ?? { read: shareReads(async () => read(subject), options), askers: 0 }
    reads.set(id, shared)
    shared.askers += 1
    try {
      return await shared.read()
    } finally {
      shared.askers -= 1
      if (shared.askers === 0) reads.delete(id)
    }
  }
}
