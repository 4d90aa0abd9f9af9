/**
 * An API server in memory, for units that declare a client: objects with versions, the conflicts of concurrent writers,
 * and caches that lag behind for as long as a test wants. It knows no kind, and judges no rights and no schemas.
 */
import type { KubeClient } from '../../../src/kube/client.ts'
import { KubeApiError } from '../../../src/kube/errors.ts'
import type { Informer } from '../../../src/kube/informer.ts'
import { formatKey, type Kind, type KubeObject, keyOf, type ObjectKey, type Secret } from '../../../src/kube/objects.ts'
import { type IndexFunction, Store } from '../../../src/kube/store.ts'

type Verb = 'get' | 'list' | 'create' | 'apply' | 'patch' | 'delete'

export interface MemoryApi {
  readonly client: KubeClient
  /** Every request so far: `get secrets name`, `list secrets`. */
  readonly requests: string[]
  /** Runs before each request; what it throws is the answer. */
  before: (request: string) => void
  /** Keeps the answer of a LIST, which shows what was stored when it came, under way for so long. */
  hold: (() => Promise<void>) | undefined
  /** Stores an object, and shows it to the caches. */
  put<T extends KubeObject>(kind: Kind<T>, object: T): T
  /** Stores an object that the caches do not show before `sync`. */
  putUnseen<T extends KubeObject>(kind: Kind<T>, object: T): T
  /** Removes one that the caches still show before `sync`. */
  removeUnseen(kind: Kind, name: string, namespace?: string): void
  stored<T extends KubeObject>(kind: Kind<T>, name: string, namespace?: string): T | undefined
  all<T extends KubeObject>(kind: Kind<T>): readonly T[]
  cache<T extends KubeObject>(kind: Kind<T>, indexes?: Readonly<Record<string, IndexFunction<T>>>): Informer<T>
  /** Lets the caches see what is stored. */
  sync(): void
}

export function failure(status: number, reason: string): KubeApiError {
  const subject = { verb: 'get', resource: 'things' }
  return new KubeApiError(subject, { status, reason, message: 'made by the test' })
}

export function createMemoryApi(): MemoryApi {
  const kinds = new Map<string, Map<string, KubeObject>>()
  const caches: { kind: Kind; store: Store<never> }[] = []
  let version = 100

  const objects = (kind: Kind) => {
    const known = kinds.get(kind.kind) ?? new Map<string, KubeObject>()
    kinds.set(kind.kind, known)
    return known
  }
  function keep<T extends KubeObject>(kind: Kind<T>, object: T): T {
    version += 1
    const uid = object.metadata.uid ?? `object-${object.metadata.name}-${version}`
    const kept = { ...object, metadata: { ...object.metadata, uid, resourceVersion: String(version) } }
    objects(kind).set(formatKey(keyOf(object)), kept)
    return structuredClone(kept)
  }
  function ask(verb: Verb, kind: Kind, name?: string): void {
    const request = [verb, kind.plural, name].filter(Boolean).join(' ')
    api.requests.push(request)
    api.before(request)
  }
  function existing<T extends KubeObject>(kind: Kind<T>, key: ObjectKey): T {
    const found = objects(kind).get(formatKey(key)) as T | undefined
    if (found === undefined) throw failure(404, 'NotFound')
    return found
  }

  const client: Omit<KubeClient, 'watch' | 'replace'> = {
    async get(kind, key) {
      ask('get', kind, key.name)
      return structuredClone(objects(kind).get(formatKey(key))) as never
    },
    async list(kind, { fieldSelector }) {
      ask('list', kind)
      const items = [...objects(kind).values()].filter((object) => isSelected(object, fieldSelector))
      const answer = { items: structuredClone(items) as never, resourceVersion: String(version) }
      await api.hold?.()
      return answer
    },
    async create(kind, object) {
      ask('create', kind, object.metadata.name)
      if (objects(kind).has(formatKey(keyOf(object)))) throw failure(409, 'AlreadyExists')
      return keep(kind, object)
    },
    async apply(kind, object, { force }) {
      ask('apply', kind, object.metadata.name)
      if (force !== true && objects(kind).has(formatKey(keyOf(object)))) throw failure(409, 'Conflict')
      return keep(kind, object as never)
    },
    async mergePatch(kind, key, patch) {
      ask('patch', kind, key.name)
      const found = existing(kind, key)
      const { metadata } = patch as { metadata?: { resourceVersion?: string } }
      const seen = metadata?.resourceVersion
      if (seen !== undefined && seen !== found.metadata.resourceVersion) throw failure(409, 'Conflict')
      return keep(kind, merged(found, patch) as never)
    },
    async delete(kind, key, { uid, resourceVersion } = {}) {
      ask('delete', kind, key.name)
      const found = objects(kind).get(formatKey(key))?.metadata
      const isOther = (asked: string | undefined, stored: string | undefined) => asked !== undefined && asked !== stored
      if (found !== undefined && (isOther(uid, found.uid) || isOther(resourceVersion, found.resourceVersion)))
        throw failure(409, 'Conflict')
      return objects(kind).delete(formatKey(key))
    },
  }

  const api: MemoryApi = {
    client: client as KubeClient,
    requests: [],
    before: () => undefined,
    hold: undefined,
    put(kind, object) {
      const kept = keep(kind, object)
      api.sync()
      return kept
    },
    putUnseen: keep,
    removeUnseen(kind, name, namespace) {
      objects(kind).delete(formatKey({ name, ...(namespace === undefined ? {} : { namespace }) }))
    },
    stored: (kind, name, namespace) =>
      objects(kind).get(formatKey({ name, ...(namespace === undefined ? {} : { namespace }) })) as never,
    all: (kind) => [...objects(kind).values()] as never,
    cache<T extends KubeObject>(kind: Kind<T>, indexes: Readonly<Record<string, IndexFunction<T>>> = {}) {
      const store = new Store<T>(indexes)
      caches.push({ kind, store: store as unknown as Store<never> })
      api.sync()
      const reading: Pick<Informer<T>, 'get' | 'list' | 'by'> = {
        get: (key) => store.get(key),
        list: () => store.list(),
        by: (index, value) => store.by(index, value),
      }
      return reading as Informer<T>
    },
    sync() {
      for (const { kind, store } of caches) store.replaceAll(structuredClone([...objects(kind).values()]) as never[])
    },
  }
  return api
}

/** `type=…` of Secrets, the one selector that is asked for. */
function isSelected(object: KubeObject, fieldSelector: string | undefined): boolean {
  if (fieldSelector === undefined) return true
  const type = /^type=(.+)$/.exec(fieldSelector)?.[1]
  if (type === undefined) throw new TypeError(`no such selector here: ${fieldSelector}`)
  return (object as Secret).type === type
}

/** JSON merge patch (RFC 7386). */
function merged(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name]
    else result[name] = merged(result[name], value)
  }
  return structuredClone(result)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
