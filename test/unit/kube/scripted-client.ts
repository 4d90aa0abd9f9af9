/** The list and watch of a client whose every answer a test gives by hand, so that faults come at chosen moments. */
import type { KubeClient, WatchEvent, WatchOptions } from '../../../src/kube/client.ts'
import { KubeApiError } from '../../../src/kube/errors.ts'
import type { ConfigMap } from '../../../src/kube/objects.ts'

type Listed = { items: readonly ConfigMap[]; resourceVersion: string }

/** One watch that the informer has opened. */
export interface OpenWatch {
  readonly options: WatchOptions
  send(type: WatchEvent<ConfigMap>['type'], object: ConfigMap): void
  /** Ends it: cleanly, or with this error. */
  end(error?: Error): void
}

export interface ScriptedClient {
  readonly client: Pick<KubeClient, 'list' | 'watch'>
  /** Answers of the next requests, in order; the last one stays. */
  lists: (Listed | Error)[]
  /** Refusals of the next watches; accepted where there is none. */
  refusals: Error[]
  /** Every request so far: `list`, `watch <version>`. */
  readonly requests: readonly string[]
  /** The next watch that is accepted. */
  watch(): Promise<OpenWatch>
}

export function createScriptedClient(): ScriptedClient {
  const requests: string[] = []
  const opened: OpenWatch[] = []
  const waiting: ((watch: OpenWatch) => void)[] = []

  const scripted: ScriptedClient = {
    client: {
      async list(_kind) {
        requests.push('list')
        const answer = scripted.lists.length > 1 ? scripted.lists.shift() : scripted.lists[0]
        if (answer instanceof Error) throw answer
        return structuredClone(answer) as never
      },
      async watch(_kind, options) {
        requests.push(`watch ${options.resourceVersion}`)
        const refusal = scripted.refusals.shift()
        if (refusal !== undefined) throw refusal
        const { watch, events } = openWatch(options)
        const taker = waiting.shift()
        if (taker === undefined) opened.push(watch)
        else taker(watch)
        return events as never
      },
    },
    lists: [{ items: [], resourceVersion: '1' }],
    refusals: [],
    requests,
    async watch() {
      const first = opened.shift()
      if (first !== undefined) return first
      const next = Promise.withResolvers<OpenWatch>()
      waiting.push(next.resolve)
      return next.promise
    },
  }
  return scripted
}

function openWatch(options: WatchOptions): { watch: OpenWatch; events: AsyncIterable<WatchEvent<ConfigMap>> } {
  let queue: WatchEvent<ConfigMap>[] = []
  let over: { error?: Error | undefined } | undefined
  let wake: (() => void) | undefined
  const end = (error?: Error) => {
    over ??= { error }
    wake?.()
  }
  options.signal?.addEventListener('abort', () => end(options.signal?.reason as Error), { once: true })

  async function* events() {
    while (true) {
      const ready = queue
      queue = []
      yield* ready
      if (over?.error !== undefined) throw over.error
      if (over !== undefined) return
      if (queue.length > 0) continue
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }

  return {
    watch: {
      options,
      send(type, object) {
        queue.push({ type, object })
        wake?.()
      },
      end,
    },
    events: events(),
  }
}

export function configMap(name: string, resourceVersion: string, more: Partial<ConfigMap['metadata']> = {}): ConfigMap {
  return { metadata: { namespace: 'ns', name, uid: `uid-${name}`, resourceVersion, ...more } }
}

/** A failure as the client would report it; status 0 is a network failure. */
export function apiError(status: number, reason: string, retryAfterMs?: number): KubeApiError {
  const failure = { status, reason, message: 'made by the test', retryAfterMs }
  return new KubeApiError({ verb: 'watch', resource: 'configmaps' }, failure)
}
