/**
 * Whether a simulated world has come to rest, so that its time may go on: nothing is under way, and every watch has shown
 * what was written. Counts only; what is under way is told by those who do it.
 */
import { setImmediate as turn } from 'node:timers/promises'

export interface Rest {
  /** Something is under way until this has settled. */
  during<T>(work: Promise<T>): Promise<T>
  /** An object has been written in this version. */
  written(name: string, version: number): void
  /** A watch has been opened that shows these objects; what it has shown is told with `shown` until it is closed. */
  watch(shows: (name: string) => boolean): WatchRest
  /** Resolves with true at rest, and with false where nothing has moved for a while: something waits for time to go on. */
  reached(): Promise<boolean>
}

export interface WatchRest {
  shown(name: string, version: number): void
  close(): void
}

interface Watch {
  readonly shows: (name: string) => boolean
  readonly seen: Map<string, number>
  /** What has been written and not been shown yet. */
  readonly behind: Set<string>
}

/** Real time without any movement, milliseconds. */
const stillness = 25

export function createRest(): Rest {
  let underWay = 0
  /** Told of the next movement: whoever waits for rest. */
  let onMove = () => undefined as void
  const versions = new Map<string, number>()
  const watches = new Set<Watch>()

  /** Whether nothing moves for a while; asked at each movement, so it makes nothing but a timer. */
  async function isStill(): Promise<boolean> {
    return new Promise((resolve) => {
      const patience = setTimeout(() => resolve(true), stillness)
      onMove = () => {
        clearTimeout(patience)
        resolve(false)
      }
    })
  }

  function isAtRest(): boolean {
    return underWay === 0 && [...watches].every(({ behind }) => behind.size === 0)
  }

  return {
    async during(work) {
      underWay += 1
      try {
        return await work
      } finally {
        underWay -= 1
        onMove()
      }
    },
    written(name, version) {
      versions.set(name, Math.max(version, versions.get(name) ?? 0))
      // The watch may have been faster than the answer.
      for (const { shows, seen, behind } of watches)
        if (shows(name) && (seen.get(name) ?? 0) < version) behind.add(name)
    },
    watch(shows) {
      const watch: Watch = { shows, seen: new Map(), behind: new Set() }
      watches.add(watch)
      return {
        shown(name, version) {
          onMove()
          watch.seen.set(name, version)
          if (version >= (versions.get(name) ?? 0)) watch.behind.delete(name)
        },
        close: () => void watches.delete(watch),
      }
    },
    async reached() {
      for (;;) {
        await turn()
        if (isAtRest()) return true
        if (await isStill()) return false
      }
    },
  }
}
