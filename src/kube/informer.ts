/**
 * Keeps a copy of all objects of one kind by list and watch, and tells what changes. It outlives every failure of the
 * API server and of its listeners; it decides nothing about what it sees and writes nothing.
 */
import { exponentialBackoff } from '../lib/backoff.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { KubeClient, Selection, WatchEvent } from './client.ts'
import { KubeApiError } from './errors.ts'
import { formatKey, type Kind, type KubeObject, keyOf, type ObjectKey, type ObjectMeta } from './objects.ts'
import { type IndexFunction, type InformerChange, Store } from './store.ts'
import { untilAborted } from './until-aborted.ts'

export type { InformerChange } from './store.ts'

export interface Informer<T extends KubeObject> {
  /** True from the first complete list on, also while the server is away. */
  hasSynced(): boolean
  /** Resolves when `hasSynced`; rejects with the signal's reason. */
  synced(signal: AbortSignal): Promise<void>
  get(key: ObjectKey): T | undefined
  list(): readonly T[]
  /** How many there are, without the cost of a list. */
  count(): number
  /** The objects with this value in an index given at creation. */
  by(index: string, value: string): readonly T[]
  /** Calls the listener for each change from now on, the first list included, and at once for what is there. */
  onChange(listener: (change: InformerChange<T>) => void): void
  /** Follows the server until aborted, then resolves. Failures of the server are logged and tried again for ever. */
  run(signal: AbortSignal): Promise<void>
}

export interface InformerDeps<T extends KubeObject> extends Selection {
  readonly client: Pick<KubeClient, 'list' | 'watch'>
  readonly kind: Kind<T>
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>
  readonly clock: Clock
  readonly log: Logger
}

/** client-go's numbers: the first wait about 0.8 s, the longest 30 s. */
const backoff = { base: 800, cap: 30_000 }
/** A watch that lasts this long has worked: what fails after it is a new outage. Milliseconds. */
const provenAfterMs = 10_000
/** How much later than promised the server may end a watch before the connection counts as dead. Milliseconds. */
const overdueMs = 30_000
/** The last version seen is no longer kept by the server. */
const gone = 410

export function createInformer<T extends KubeObject>(deps: InformerDeps<T>): Informer<T> {
  const { client, kind, clock } = deps
  const log = deps.log.child({ informer: kind.plural })
  const selection = {
    namespace: deps.namespace,
    labelSelector: deps.labelSelector,
    fieldSelector: deps.fieldSelector,
  }
  const store = new Store<T>(deps.indexes ?? {})
  const listeners: ((change: InformerChange<T>) => void)[] = []
  const firstList = Promise.withResolvers<void>()
  let synced = false
  /** Where to watch from; undefined: list first. */
  let version: string | undefined
  let failures = 0
  let outage = false

  function tell(listener: (change: InformerChange<T>) => void, change: InformerChange<T>): void {
    try {
      listener(change)
    } catch (err) {
      log.error({ err, object: formatKey(keyOf(change.object)) }, 'listener failed')
    }
  }

  function tellAll(changes: readonly InformerChange<T>[]): void {
    for (const change of changes) for (const listener of listeners) tell(listener, change)
  }

  async function list(signal: AbortSignal): Promise<void> {
    const { items, resourceVersion } = await client.list(kind, { ...selection, signal })
    tellAll(store.replaceAll(items.map(withoutManagedFields)))
    version = resourceVersion
    if (synced) return
    synced = true
    firstList.resolve()
  }

  function take({ type, object }: WatchEvent<T>): void {
    if (type === 'DELETED') tellAll(store.remove(withoutManagedFields(object)))
    else if (type !== 'BOOKMARK') tellAll(store.put(withoutManagedFields(object)))
    version = object.metadata.resourceVersion
    failures = 0
  }

  /** One watch, to its end. */
  async function watch(signal: AbortSignal): Promise<void> {
    const from = version ?? ''
    // Known again when the server has accepted it: what fails before that is an outage.
    version = undefined
    const timeoutSeconds = randomWatchSeconds()
    const overdue = new AbortController()
    const cancel = clock.after(timeoutSeconds * 1000 + overdueMs, () => {
      overdue.abort(new Error('the watch did not end in its time: the connection is dead'))
    })
    const started = clock.monotonic()
    try {
      const watchSignal = AbortSignal.any([signal, overdue.signal])
      const options = { ...selection, resourceVersion: from, timeoutSeconds, signal: watchSignal }
      const events = await client.watch(kind, options)
      version = from
      if (outage) log.info({}, 'following the API server again')
      outage = false
      for await (const event of events) take(event)
      // Without this a server that ends every watch at once would be asked in a tight loop.
      if (version === from && clock.monotonic() - started < 1000) throw new Error('the watch ended at once')
    } finally {
      cancel()
      if (clock.monotonic() - started >= provenAfterMs) failures = 0
    }
  }

  async function recover(failure: unknown, signal: AbortSignal): Promise<void> {
    const status = failure instanceof KubeApiError ? failure.status : 0
    // A stream that was cut, or a version that has expired, is everyday life: only what keeps us from following is not.
    const ordinary = status === gone || (status === 0 && version !== undefined)
    // After any failure the list is read anew: the server may be back from a backup before it was missed. A watch from our
    // version would be silent until it is reached again, and what we have seen of the lost past would stay.
    version = undefined
    if (ordinary || outage) log.debug({ err: failure }, 'watch interrupted')
    else log.warn({ err: failure }, 'cannot follow the API server')
    outage ||= !ordinary
    const asked = failure instanceof KubeApiError ? (failure.retryAfterMs ?? 0) : 0
    await clock.sleep(Math.max(asked, exponentialBackoff(failures++, backoff)), signal).catch(() => undefined)
  }

  return {
    hasSynced: () => synced,
    async synced(signal) {
      await untilAborted(firstList.promise, signal)
    },
    get: (key) => store.get(key),
    list: () => store.list(),
    count: () => store.count(),
    by: (index, value) => store.by(index, value),
    onChange(listener) {
      listeners.push(listener)
      for (const object of store.list()) tell(listener, { type: 'added', object })
    },
    async run(signal) {
      while (!signal.aborted) {
        try {
          if (version === undefined) await list(signal)
          await watch(signal)
        } catch (err) {
          if (!signal.aborted) await recover(err, signal)
        }
      }
    },
  }
}

/** 5 to 10 minutes, so that the watches of many informers do not end together. */
function randomWatchSeconds(): number {
  return Math.round(300 * (1 + Math.random()))
}

/**
 * They are often half of an object, and of no use to a reader. Left out of a copy: after a `delete` V8 keeps an object as a
 * hash table, which takes several times the memory.
 */
function withoutManagedFields<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata as ObjectMeta & { managedFields?: unknown }
  return { ...object, metadata }
}
