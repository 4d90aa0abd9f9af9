/**
 * A way to an API server that a test cuts and mends, as a network does: what is under way fails, watches too, and what is
 * tried next is refused. It knows nothing of what is asked.
 */
import { errorFromNetwork } from '../../src/kube/errors.ts'
import type { KubeTransport } from '../../src/kube/transport.ts'
import { untilAborted } from '../../src/kube/until-aborted.ts'

export interface SeverableTransport {
  readonly transport: KubeTransport

  readonly cut: () => void
  readonly mend: () => void
}

export function severable(whole: KubeTransport): SeverableTransport {
  let knife = new AbortController()
  return {
    transport: {
      async request(request) {
        try {
          return await untilAborted(whole.request(request), knife.signal)
        } catch (error) {
          throw knife.signal.aborted ? errorFromNetwork(request.subject, error) : error
        }
      },
      async stream(request) {
        const { signal } = knife
        try {
          return severed(await untilAborted(whole.stream(request), signal), signal, (error) =>
            errorFromNetwork(request.subject, error),
          )
        } catch (error) {
          throw signal.aborted ? errorFromNetwork(request.subject, error) : error
        }
      },
      close: async () => whole.close(),
    },
    cut() {
      knife.abort(Object.assign(new Error('the network is cut'), { code: 'ECONNRESET' }))
    },
    mend() {
      knife = new AbortController()
    },
  }
}

/** The lines until the cut; those that come after it are nobody's. */
async function* severed(
  lines: AsyncIterable<string>,
  signal: AbortSignal,
  failure: (cause: unknown) => Error,
): AsyncGenerator<string> {
  const iterator = lines[Symbol.asyncIterator]()
  while (true) {
    const next = iterator.next()
    // It may fail long after the cut, when nobody listens any more.
    next.catch(() => undefined)
    const line = await untilAborted(next, signal).catch((error: unknown) => {
      throw signal.aborted ? failure(error) : error
    })
    if (line.done === true) return
    yield line.value
  }
}
