/**
 * Watches that outlive their readers. A week passes a thousand times as fast as the API server's own time: a watch ends here
 * by the clock of the week, in the time that was asked for, and the next reader goes on where the last one stopped. A new
 * connection for each of them would be one each second.
 */
import type { KubeRequest } from '../../../src/kube/transport.ts'
import { untilAborted } from '../../../src/kube/until-aborted.ts'
import type { Clock } from '../../../src/lib/clock.ts'

type Open = (request: KubeRequest) => Promise<AsyncIterable<string>>

interface Watch {
  readonly lines: AsyncIterator<string>
  /** Asked for, and not read yet. */
  next: Promise<IteratorResult<string>> | undefined
  /** Up to where it has been read. */
  version: string | undefined
}

interface Reader {
  readonly name: string
  readonly seconds: number
  readonly signal: AbortSignal | undefined
}

/** `open` opens one for good: the signal of the request, and its time, end the reading only. */
export function createKeptWatches(open: Open, clock: Pick<Clock, 'after'>): Open {
  const left = new Map<string, Watch>()

  return async (request) => {
    const { name, version, seconds } = readPath(request.path)
    const reader = { name, seconds, signal: request.signal }
    const kept = left.get(name)
    left.delete(name)
    if (kept !== undefined && kept.version === version) return read(reader, kept)
    // Nobody reads on from where this one is.
    void kept?.lines.return?.()
    const { signal: _, ...lasting } = request
    const lines = await open(lasting)
    return read(reader, { lines: lines[Symbol.asyncIterator](), next: undefined, version })
  }

  async function* read({ name, seconds, signal }: Reader, watch: Watch): AsyncGenerator<string> {
    const end = new AbortController()
    const cancel = clock.after(seconds * 1000, () => end.abort())
    const signals = [end.signal, ...(signal === undefined ? [] : [signal])]
    let isOver = false
    try {
      while (true) {
        const line = await nextLine(watch, AbortSignal.any(signals))
        isOver = line === undefined
        if (line === undefined) return
        yield line
      }
    } catch (error) {
      if (end.signal.aborted) return
      isOver = signal?.aborted !== true
      throw error
    } finally {
      cancel()
      if (!isOver) left.set(name, watch)
    }
  }
}

/** Undefined at the end. A line that comes after the reader has left waits for the next one. */
async function nextLine(watch: Watch, signal: AbortSignal): Promise<string | undefined> {
  watch.next ??= watch.lines.next()
  // It may fail while nobody reads.
  watch.next.catch(() => undefined)
  const { done, value } = await untilAborted(watch.next, signal)
  watch.next = undefined
  if (done === true) return undefined
  watch.version = /"resourceVersion":"(\d+)"/.exec(value)?.[1]
  return value
}

/** What is watched, from which version on, and for how long. */
function readPath(path: string): {
  readonly name: string
  readonly version: string | undefined
  readonly seconds: number
} {
  const url = new URL(path, 'https://api')
  const version = url.searchParams.get('resourceVersion') ?? undefined
  const seconds = Number(url.searchParams.get('timeoutSeconds'))
  for (const own of ['resourceVersion', 'timeoutSeconds']) url.searchParams.delete(own)
  return { name: url.href, version, seconds }
}
