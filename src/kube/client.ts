/**
 * Typed verbs of the Kubernetes API over a transport: paths, content types, paging, preconditions. It keeps no state,
 * caches nothing and never tries again by itself: whoever calls decides, by `KubeApiError.retryAfterMs` among others.
 */
import { errorFromWatchEvent, isNotFound, parseAnswer, type RequestSubject } from './errors.ts'
import { formatKey, type Kind, type KubeObject, keyOf, type ObjectKey, type ObjectMeta } from './objects.ts'
import type { KubeRequest, KubeTransport } from './transport.ts'

/** Part of an object, as server-side apply wants it: exactly the fields that the manager means to own. */
export type Applied<T extends KubeObject> = DeepPartial<Omit<T, 'metadata'>> & { metadata: ObjectMeta }

type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { [K in keyof T]?: DeepPartial<T[K]> | undefined }
    : T

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
}

export interface CreateOptions extends CallOptions {
  readonly fieldManager?: string
}

export interface WriteOptions extends CallOptions {
  readonly fieldManager: string
  readonly subresource?: 'status'
}

export interface Selection {
  /** All namespaces where absent. */
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
}

export interface WatchOptions extends Selection, CallOptions {
  /** Changes after this version are given. */
  readonly resourceVersion: string
  /** The server ends the watch after this long. */
  readonly timeoutSeconds: number
}

export interface WatchEvent<T extends KubeObject> {
  /** A bookmark's object holds a `resourceVersion` and nothing else of use. */
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: T
}

/** Every method throws `KubeApiError`, or the signal's reason when that is aborted. */
export interface KubeClient {
  /** The object as the server has it now; undefined where it does not exist. */
  get<T extends KubeObject>(kind: Kind<T>, key: ObjectKey, options?: CallOptions): Promise<T | undefined>
  /** Everything selected, read in pages of 500, and the version to watch from. */
  list<T extends KubeObject>(
    kind: Kind<T>,
    options: Selection & CallOptions,
  ): Promise<{ items: readonly T[]; resourceVersion: string }>
  create<T extends KubeObject>(kind: Kind<T>, object: T, options?: CreateOptions): Promise<T>
  /** Server-side apply. Without `metadata.uid` it creates what is not there, even what was deleted a moment ago. */
  apply<T extends KubeObject>(
    kind: Kind<T>,
    object: Applied<T>,
    options: WriteOptions & { readonly force?: boolean },
  ): Promise<T>
  /** JSON merge patch (RFC 7386). */
  mergePatch<T extends KubeObject>(kind: Kind<T>, key: ObjectKey, patch: object, options: WriteOptions): Promise<T>
  /** Writes the whole object; a Conflict where `metadata.resourceVersion` is not the stored one. */
  replace<T extends KubeObject>(kind: Kind<T>, object: T, options: WriteOptions): Promise<T>
  /** False where it was gone already; a Conflict where it exists and is not the one named by `uid` or version. */
  delete(
    kind: Kind,
    key: ObjectKey,
    options?: CallOptions & { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined },
  ): Promise<boolean>
  /** Opens a watch; resolves when the server has accepted it. An error event inside it is thrown. */
  watch<T extends KubeObject>(kind: Kind<T>, options: WatchOptions): Promise<AsyncIterable<WatchEvent<T>>>
}

const pageSize = 500

export function createClient(transport: KubeTransport): KubeClient {
  async function write<T extends KubeObject>(
    kind: Kind<T>,
    key: ObjectKey,
    { verb, ...request }: Pick<KubeRequest, 'method' | 'body' | 'contentType'> & { verb: string },
    { fieldManager, subresource, signal }: WriteOptions,
    more: Record<string, string | undefined> = {},
  ): Promise<T> {
    const subject = subjectOf(verb, kind, formatKey(key))
    const target = objectPath(kind, key) + (subresource === undefined ? '' : `/${subresource}`)
    const path = target + queryString({ fieldManager, ...more })
    return (await transport.request({ subject, path, signal, ...request })) as T
  }

  return {
    async get(kind, key, options = {}) {
      const subject = subjectOf('get', kind, formatKey(key))
      try {
        const path = objectPath(kind, key)
        return (await transport.request({ subject, method: 'GET', path, signal: options.signal })) as typeof kind._type
      } catch (error) {
        if (isNotFound(error)) return undefined
        throw error
      }
    },

    async list<T extends KubeObject>(kind: Kind<T>, { signal, ...selection }: Selection & CallOptions) {
      const subject = subjectOf('list', kind, selection.namespace)
      const items: T[] = []
      let page: ListAnswer<T> | undefined
      do {
        const query = { ...selectors(selection), limit: String(pageSize), continue: page?.metadata.continue }
        const path = collectionPath(kind, selection.namespace) + queryString(query)
        page = (await transport.request({ subject, method: 'GET', path, signal })) as ListAnswer<T>
        for (const item of page.items ?? []) items.push(typed(kind, item))
      } while (page.metadata.continue)
      return { items, resourceVersion: page.metadata.resourceVersion }
    },

    async create<T extends KubeObject>(kind: Kind<T>, object: T, { fieldManager, signal }: CreateOptions = {}) {
      const subject = subjectOf('create', kind, formatKey(keyOf(object)))
      const path = collectionPath(kind, namespaceOf(kind, object.metadata)) + queryString({ fieldManager })
      return (await transport.request({ subject, method: 'POST', path, body: typed(kind, object), signal })) as T
    },

    async apply(kind, object, options) {
      const patch = { body: typed(kind, object), contentType: 'application/apply-patch+yaml' }
      const force = options.force ? 'true' : undefined
      return write(kind, keyOf(object), { verb: 'apply', method: 'PATCH', ...patch }, options, { force })
    },

    async mergePatch(kind, key, patch, options) {
      const contentType = 'application/merge-patch+json'
      return write(kind, key, { verb: 'patch', method: 'PATCH', body: patch, contentType }, options)
    },

    async replace(kind, object, options) {
      return write(kind, keyOf(object), { verb: 'replace', method: 'PUT', body: typed(kind, object) }, options)
    },

    async delete(kind, key, { uid, resourceVersion, signal } = {}) {
      const subject = subjectOf('delete', kind, formatKey(key))
      // JSON leaves undefined members out: no preconditions given, none sent.
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } }
      try {
        await transport.request({ subject, method: 'DELETE', path: objectPath(kind, key), body, signal })
        return true
      } catch (error) {
        if (isNotFound(error)) return false
        throw error
      }
    },

    async watch<T extends KubeObject>(kind: Kind<T>, { signal, ...options }: WatchOptions) {
      const subject = subjectOf('watch', kind, options.namespace)
      const query = {
        ...selectors(options),
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: options.resourceVersion,
        timeoutSeconds: String(options.timeoutSeconds),
      }
      const path = collectionPath(kind, options.namespace) + queryString(query)
      return watchEvents<T>(subject, await transport.stream({ subject, method: 'GET', path, signal }))
    },
  }
}

interface ListAnswer<T> {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string }
  readonly items?: readonly T[] | null
}

async function* watchEvents<T extends KubeObject>(
  subject: RequestSubject,
  lines: AsyncIterable<string>,
): AsyncGenerator<WatchEvent<T>> {
  for await (const line of lines) {
    const event = parseAnswer(subject, line) as WatchEvent<T> | { readonly type: 'ERROR'; readonly object: unknown }
    if (event.type === 'ERROR') throw errorFromWatchEvent(subject, event.object)
    yield event
  }
}

/** Items of a list come without these two, and what is written must have them. */
function typed<T extends { metadata: ObjectMeta }>(kind: Kind, object: T): T {
  return { ...object, apiVersion: kind.apiVersion, kind: kind.kind }
}

function subjectOf(verb: string, kind: Kind, objectName: string | undefined): RequestSubject {
  const group = kind.apiVersion.includes('/') ? `.${kind.apiVersion.slice(0, kind.apiVersion.indexOf('/'))}` : ''
  return { verb, resource: kind.plural + group, objectName }
}

function collectionPath(kind: Kind, namespace: string | undefined): string {
  const root = kind.apiVersion.includes('/') ? `/apis/${kind.apiVersion}` : `/api/${kind.apiVersion}`
  const scope = namespace === undefined ? '' : `/namespaces/${segment(namespace)}`
  return `${root}${scope}/${kind.plural}`
}

function objectPath(kind: Kind, key: ObjectKey): string {
  return `${collectionPath(kind, namespaceOf(kind, key))}/${segment(key.name)}`
}

function namespaceOf(kind: Kind, key: { readonly namespace?: string }): string | undefined {
  if (!kind.namespaced) return undefined
  if (key.namespace === undefined) throw new TypeError(`a ${kind.kind} needs a namespace`)
  return key.namespace
}

/** An empty name would turn a read of one object into a list of all, and `..` would leave the collection. */
function segment(name: string): string {
  if (name === '' || name === '.' || name === '..') throw new TypeError(`not a name of an object: '${name}'`)
  return encodeURIComponent(name)
}

function selectors({ labelSelector, fieldSelector }: Selection): Record<string, string | undefined> {
  return { labelSelector, fieldSelector }
}

function queryString(parameters: Record<string, string | undefined>): string {
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => Boolean(entry[1]))
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
}
