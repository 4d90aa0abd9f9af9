/**
 * Watches that outlive their readers. A week passes a thousand times as fast as the API server's own time: it never ends a
 * watch in the time that was asked for, and whoever gives one up for dead would need a new connection each second. The next
 * reader goes on where the last one stopped.
 */
import type { KubeRequest } from '../../../src/kube/transport.ts'
import { untilAborted } from '../../../src/kube/until-aborted.ts'

type Open = (request: KubeRequest) => Promise<AsyncIterable<string>>

interface Watch {
  readonly lines: AsyncIterator<string>
  /** Asked for, and not read yet. */
  next: Promise<IteratorResult<string>> | undefined
  /** Up to where it has been read. */
  version: string | undefined
}

/** `open` opens one for good: the signal of the request ends the reading only. */
export function createKeptWatches(open: Open): Open {
  const left = new Map<string, Watch>()

  return async (request) => {
    const { name, version } = readPath(request.path)
    const kept = left.get(name)
    left.delete(name)
    if (kept !== undefined && kept.version === version) return read(name, kept, request.signal)
    // Nobody reads on from where this one is.
    void kept?.lines.return?.()
    const { signal, ...lasting } = request
    const lines = await open(lasting)
    return read(name, { lines: lines[Symbol.asyncIterator](), next: undefined, version }, signal)
  }

  async function* read(name: string, watch: Watch, signal: AbortSignal | undefined): AsyncGenerator<string> {
    let isOver = false
    try {
      while (true) {
        const line = await nextLine(watch, signal)
        isOver = line === undefined
        if (line === undefined) return
        yield line
      }
    } catch (error) {
      isOver = signal?.aborted !== true
      throw error
    } finally {
      if (!isOver) left.set(name, watch)
    }
  }
}

/** Undefined at the end. A line that comes after the reader has left waits for the next one. */
async function nextLine(watch: Watch, signal: AbortSignal | undefined): Promise<string | undefined> {
  watch.next ??= watch.lines.next()
  // It may fail while nobody reads.
  watch.next.catch(() => undefined)
  const { done, value } = await (signal === undefined ? watch.next : untilAborted(watch.next, signal))
  watch.next = undefined
  if (done === true) return undefined
  watch.version = /"resourceVersion":"(\d+)"/.exec(value)?.[1]
  return value
}

/** What is watched, and from which version on. */
function readPath(path: string): { readonly name: string; readonly version: string | undefined } {
  const url = new URL(path, 'https://api')
  const version = url.searchParams.get('resourceVersion') ?? undefined
  for (const own of ['resourceVersion', 'timeoutSeconds']) url.searchParams.delete(own)
  return { name: url.href, version }
}
