/** Objects as an API server keeps them, and which parts of one a write may change. It stores nothing. */
import { isJsonObject, type Json, type JsonObject } from './json.ts'

/** A kind that this server has; `judge` says why an object of it is not valid. */
export interface ServedKind {
  readonly apiVersion: string
  readonly kind: string
  readonly plural: string
  readonly isCustom?: boolean
  /** A PUT makes what is not there. */
  readonly isMadeByPut?: boolean
  readonly judge?: (object: JsonObject, before: JsonObject | undefined) => string | undefined
}

export type StoredObject = JsonObject & { readonly metadata: StoredMeta }

export type StoredMeta = {
  readonly name: string
  readonly namespace?: string
  readonly uid: string
  readonly resourceVersion: string
  readonly generation?: number
  readonly creationTimestamp: string
  readonly deletionTimestamp?: string
  readonly deletionGracePeriodSeconds?: number
  readonly finalizers?: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

/** What a write may have changed: its own part of the object, and never what the server sets. */
export function settled(
  kind: ServedKind,
  subresource: string | undefined,
  before: StoredObject,
  content: JsonObject,
): JsonObject {
  const { uid, resourceVersion, creationTimestamp, deletionTimestamp, generation, name, namespace } = before.metadata
  const fixed = {
    name,
    uid,
    resourceVersion,
    creationTimestamp,
    ...(namespace === undefined ? {} : { namespace }),
    ...(generation === undefined ? {} : { generation }),
    ...(deletionTimestamp === undefined ? {} : { deletionTimestamp, deletionGracePeriodSeconds: 0 }),
  }
  const typed = { apiVersion: kind.apiVersion, kind: kind.kind }
  if (subresource === 'status') return { ...before, ...pick(content, 'status') }
  const metadata = { ...tidied(content['metadata'] ?? {}), ...fixed }
  if (kind.isCustom !== true) return { ...tidied({ ...content, metadata: {} }), ...typed, metadata }
  const { status: _, ...rest } = content
  return { ...rest, ...typed, metadata, ...pick(before, 'status') }
}

function pick(object: JsonObject, name: string): JsonObject {
  const value = object[name]
  return value === undefined ? {} : { [name]: value }
}

/** Maps and lists without members are not stored. */
export function tidied(value: Json | undefined): JsonObject {
  if (!isJsonObject(value)) return {}
  return Object.fromEntries(
    Object.entries(value).filter(([, member]) => {
      if (Array.isArray(member)) return member.length > 0
      return member !== null && (!isJsonObject(member) || Object.keys(member).length > 0)
    }),
  )
}

/** The fields that somebody can own. */
export function owned(object: JsonObject): JsonObject {
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = object
  const { labels = {}, annotations = {}, finalizers } = (metadata ?? {}) as JsonObject
  return { ...rest, metadata: { labels, annotations, ...(finalizers === undefined ? {} : { finalizers }) } }
}

export function specOf({ metadata: _metadata, status: _status, ...rest }: JsonObject): JsonObject {
  return rest
}

export function hasNew(after: readonly string[] | undefined, before: readonly string[] | undefined): boolean {
  return (after ?? []).some((finalizer) => before?.includes(finalizer) !== true)
}
