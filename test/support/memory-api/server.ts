/**
 * An API server in memory: what the real one answers to the requests that the product sends, with its versions, its
 * conflicts, its finalizers, its field managers and its watches. It knows no rights, sets no defaults, and keeps every
 * version it ever had. `test/e2e/memory-api.test.ts` compares it with the real one.
 */

import type { Change } from './changes.ts'
import { applierNamed, apply, type FieldOwners, isSameOwnership, ownersAfter, writerNamed } from './field-owners.ts'
import { frozen, isSameJson, type JsonObject, merged, overTheWire } from './json.ts'
import { readTarget, selects, type Target } from './paths.ts'
import {
  hasNew,
  owned,
  type ServedKind,
  type StoredMeta,
  type StoredObject,
  settled,
  specOf,
  tidied,
} from './stored.ts'

export interface ApiRequest {
  readonly method: string
  readonly path: string
  readonly body?: object | undefined
  readonly contentType?: string | undefined
}

export interface ApiAnswer {
  readonly status: number
  readonly body: JsonObject
}

export interface MemoryApiServer {
  handle(request: ApiRequest): ApiAnswer
  /** Every change so far, the first one first. */
  readonly changes: readonly Change[]
  /** Calls with each change from now on, before the request that makes it is answered; gives what ends that. */
  onChange(listener: (change: Change) => void): () => void
  /** Everything as it is now. */
  backup(): Backup
  /** Puts everything back to what it was; whoever follows changes hears of it as of any other. */
  restore(backup: Backup): void
  get(plural: string, name: string): StoredObject | undefined
  all(plural: string): readonly StoredObject[]
}

export type Backup = ReadonlyMap<string, Entry>

interface Entry {
  readonly object: StoredObject
  readonly owners: FieldOwners
}

/** An answer that is no success. */
class Refused extends Error {
  readonly status: number
  readonly reason: string
  constructor(status: number, reason: string, message: string) {
    super(message)
    this.status = status
    this.reason = reason
  }
}

const nobody: FieldOwners = new Map()

export function createMemoryApiServer(deps: {
  kinds: readonly ServedKind[]
  /** Wall clock, ms since the epoch. */
  now: () => number
  newUid: () => string
  /** What it begins with: all that this one has now, as a server that is set up from a backup of another's etcd. */
  like?: Pick<MemoryApiServer, 'backup' | 'changes'>
}): MemoryApiServer {
  const kinds = new Map(deps.kinds.map((kind) => [kind.plural, kind]))
  const entries = new Map<string, Entry>(deps.like?.backup())
  const changes: Change[] = [...(deps.like?.changes ?? [])]
  const listeners = new Set<(change: Change) => void>()
  const version = () => 100 + changes.length

  const placeOf = ({ plural, namespace = '', name = '' }: Pick<Target, 'plural' | 'namespace' | 'name'>) =>
    `${plural}/${namespace}/${name}`
  const seconds = () => new Date(deps.now()).toISOString().replace(/\.\d+Z$/, 'Z')

  function note(plural: string, place: string, before: StoredObject | undefined, after: Entry | undefined): void {
    if (after === undefined) entries.delete(place)
    else entries.set(place, after)
    const change = { version: version() + 1, plural, before, after: after?.object }
    changes.push(change)
    for (const listener of listeners) listener(change)
  }

  function existing(target: Target): Entry {
    const entry = entries.get(placeOf(target))
    if (entry === undefined) throw new Refused(404, 'NotFound', `${target.plural} "${target.name}" not found`)
    return entry
  }

  function add(target: Target, kind: ServedKind, content: JsonObject, owners: FieldOwners): StoredObject {
    const { metadata, status: _, ...rest } = content
    const meta = {
      ...tidied(metadata),
      ...(target.namespace === undefined ? {} : { namespace: target.namespace }),
      uid: deps.newUid(),
      creationTimestamp: seconds(),
      resourceVersion: String(version() + 1),
      ...(kind.isCustom === true ? { generation: 1 } : {}),
    }
    const body = kind.isCustom === true ? rest : tidied({ ...content, metadata: {} })
    const object = frozen({
      ...body,
      apiVersion: kind.apiVersion,
      kind: kind.kind,
      metadata: meta,
    }) as JsonObject as StoredObject
    judge(kind, object, undefined)
    note(target.plural, placeOf({ ...target, name: object.metadata.name }), undefined, { object, owners })
    return object
  }

  /** Stores what a write has made of an object; nothing where it is the same. */
  function change(
    target: Target,
    kind: ServedKind,
    { object: before, owners }: Entry,
    { content, ownersOf }: { content: JsonObject; ownersOf: (after: JsonObject) => FieldOwners },
  ): StoredObject {
    const next = settled(kind, target.subresource, before, content)
    const nextOwners = ownersOf(next)
    if (isSameJson(next, before) && isSameOwnership(owners, nextOwners)) return before
    const meta = next['metadata'] as StoredMeta & JsonObject
    if (before.metadata.deletionTimestamp !== undefined && hasNew(meta.finalizers, before.metadata.finalizers))
      throw new Refused(422, 'Invalid', 'no new finalizers can be added if the object is being deleted')
    const isNewSpec = kind.isCustom === true && !isSameJson(specOf(next), specOf(before))
    const generation = (before.metadata.generation ?? 0) + (isNewSpec ? 1 : 0)
    const object = frozen({
      ...next,
      metadata: {
        ...meta,
        resourceVersion: String(version() + 1),
        ...(kind.isCustom === true ? { generation } : {}),
      },
    }) as StoredObject
    judge(kind, object, before)
    const isGone = meta.deletionTimestamp !== undefined && (meta.finalizers ?? []).length === 0
    note(target.plural, placeOf(target), before, isGone ? undefined : { object, owners: nextOwners })
    return object
  }

  function judge(kind: ServedKind, object: StoredObject, before: StoredObject | undefined): void {
    const fault = kind.judge?.(object, before)
    if (fault !== undefined) throw new Refused(422, 'Invalid', fault)
  }

  function create(target: Target, kind: ServedKind, body: JsonObject): ApiAnswer {
    const { name } = body['metadata'] as { readonly name: string } & JsonObject
    if (entries.has(placeOf({ ...target, name })))
      throw new Refused(409, 'AlreadyExists', `${target.plural} "${name}" already exists`)
    const owners = ownersAfter(nobody, { owner: writer(target), before: {}, after: owned(body) })
    return { status: 201, body: add(target, kind, body, owners) }
  }

  /** The object with other content, by a write that is no apply. */
  function overwrite(target: Target, kind: ServedKind, content: JsonObject): ApiAnswer {
    const entry = existing(target)
    assertVersion(entry.object, content)
    const ownersOf = (after: JsonObject) =>
      ownersAfter(entry.owners, { owner: writer(target), before: owned(entry.object), after: owned(after) })
    return { status: 200, body: change(target, kind, entry, { content, ownersOf }) }
  }

  function put(target: Target, kind: ServedKind, body: JsonObject): ApiAnswer {
    if (kind.isMadeByPut !== true || entries.has(placeOf(target))) return overwrite(target, kind, body)
    const { uid } = body['metadata'] as Partial<StoredMeta>
    if (uid !== undefined)
      throw new Refused(409, 'Conflict', 'Precondition failed: the object of this uid does not exist')
    return create(target, kind, body)
  }

  function applyTo(target: Target, kind: ServedKind, body: JsonObject): ApiAnswer {
    const entry = entries.get(placeOf(target))
    const asked = body['metadata'] as { readonly uid?: string } & JsonObject
    if (entry === undefined && asked.uid !== undefined)
      throw new Refused(409, 'Conflict', 'Precondition failed: the object of this uid does not exist')
    if (entry !== undefined && asked.uid !== undefined && asked.uid !== entry.object.metadata.uid)
      throw new Refused(422, 'Invalid', 'metadata.uid: field is immutable')
    if (entry !== undefined) assertVersion(entry.object, body)
    const owner = applierNamed(target.query.get('fieldManager') ?? '')
    const wish = { owner, configuration: owned(body), force: target.query.get('force') === 'true' }
    const applied = apply(entry?.object ?? {}, entry?.owners ?? nobody, wish)
    if (applied.kind === 'conflict')
      throw new Refused(409, 'Conflict', `conflict with another manager: ${applied.leaf}`)
    if (entry === undefined) {
      const { name } = target
      const metadata = { ...((applied.object['metadata'] ?? {}) as JsonObject), name: name ?? '' }
      return { status: 201, body: add(target, kind, { ...applied.object, metadata }, applied.owners) }
    }
    const content = { content: applied.object, ownersOf: () => applied.owners }
    return { status: 200, body: change(target, kind, entry, content) }
  }

  function remove(target: Target, kind: ServedKind, body: JsonObject): ApiAnswer {
    const { object, owners } = existing(target)
    const { metadata } = object
    const { uid, resourceVersion } = (body['preconditions'] ?? {}) as Partial<StoredMeta>
    if (
      (uid ?? metadata.uid) !== metadata.uid ||
      (resourceVersion ?? metadata.resourceVersion) !== metadata.resourceVersion
    )
      throw new Refused(409, 'Conflict', 'Precondition failed')
    if ((metadata.finalizers ?? []).length === 0) {
      note(target.plural, placeOf(target), object, undefined)
      return { status: 200, body: { kind: 'Status', status: 'Success' } }
    }
    if (metadata.deletionTimestamp !== undefined) return { status: 200, body: object }
    const generation = kind.isCustom === true ? { generation: (metadata.generation ?? 0) + 1 } : {}
    const marked = {
      deletionTimestamp: seconds(),
      deletionGracePeriodSeconds: 0,
      resourceVersion: String(version() + 1),
      ...generation,
    }
    const leaving = frozen({ ...object, metadata: { ...metadata, ...marked } })
    note(target.plural, placeOf(target), object, { object: leaving, owners })
    return { status: 200, body: leaving }
  }

  function answer(request: ApiRequest): ApiAnswer {
    const target = readTarget(request.path)
    const kind = kinds.get(target.plural)
    if (kind === undefined) throw new Refused(404, '', 'the server could not find the requested resource')
    const body = overTheWire(request.body ?? {})
    switch (request.method) {
      case 'GET':
        return target.name === undefined ? list(target) : { status: 200, body: existing(target).object }
      case 'POST':
        return create(target, kind, body)
      case 'PUT':
        return put(target, kind, body)
      case 'DELETE':
        return remove(target, kind, body)
      case 'PATCH':
        return request.contentType === 'application/apply-patch+yaml'
          ? applyTo(target, kind, body)
          : overwrite(target, kind, merged(existing(target).object, body) as JsonObject)
      default:
        throw new Refused(405, 'MethodNotAllowed', request.method)
    }
  }

  function list(target: Target): ApiAnswer {
    const items = all(target.plural).filter((object) => selects(target, object))
    return { status: 200, body: { metadata: { resourceVersion: String(version()) }, items } }
  }

  function all(plural: string): readonly StoredObject[] {
    return [...entries].flatMap(([place, { object }]) => (place.startsWith(`${plural}/`) ? [object] : []))
  }

  return {
    changes,
    all,
    backup: () => new Map(entries),
    restore(backup) {
      for (const place of new Set([...entries.keys(), ...backup.keys()])) {
        const [before, after] = [entries.get(place)?.object, backup.get(place)]
        if (before !== after?.object) note(place.slice(0, place.indexOf('/')), place, before, after)
      }
    },
    get: (plural, name) => all(plural).find(({ metadata }) => metadata.name === name),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    handle(request) {
      try {
        return answer(request)
      } catch (error) {
        if (!(error instanceof Refused)) throw error
        const { status: code, reason, message } = error
        const { name } = readTarget(request.path)
        const details = name === undefined || reason === '' ? {} : { details: { name } }
        return { status: code, body: { kind: 'Status', status: 'Failure', code, reason, message, ...details } }
      }
    },
  }
}

function writer({ query, subresource = '' }: Target): string {
  return writerNamed(`${query.get('fieldManager') ?? ''} ${subresource}`)
}

function assertVersion({ metadata }: StoredObject, content: JsonObject): void {
  const asked = (content['metadata'] as Partial<StoredMeta> | undefined)?.resourceVersion
  if (asked !== undefined && asked !== metadata.resourceVersion)
    throw new Refused(409, 'Conflict', 'the object has been modified')
}
