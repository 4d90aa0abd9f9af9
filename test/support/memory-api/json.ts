/** JSON as an API server handles it: values that nobody changes, merged and compared by their leaves. */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [name: string]: Json
}

/** A leaf is named by the names on the way to it, each after a character that no name has. A list is one leaf. */
export type LeafName = string
const separator = '\0'

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** As it would come over a wire: members that are undefined have gone. */
export function overTheWire(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject
}

export function isSameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((entry, index) => isSameJson(entry as Json, b[index] as Json))
  if (!isJsonObject(a) || !isJsonObject(b)) return false
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => isSameJson(a[name], b[name]))
}

/** JSON merge patch (RFC 7386). */
export function merged(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch
  const result: Record<string, Json> = isJsonObject(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name]
    else result[name] = merged(result[name], value)
  }
  return result
}

/** Every leaf with its value; an object without members has none. */
export function leavesOf(value: JsonObject): ReadonlyMap<LeafName, Json> {
  const leaves = new Map<LeafName, Json>()
  const visit = (object: JsonObject, path: string) => {
    for (const [name, member] of Object.entries(object)) {
      const here = path + separator + name
      if (isJsonObject(member)) visit(member, here)
      else leaves.set(here, member)
    }
  }
  visit(value, '')
  return leaves
}

/** The value with this leaf set, or without it. */
export function withLeaf(value: JsonObject, leaf: LeafName, content: Json | undefined): JsonObject {
  const place = (target: JsonObject, [name = '', ...rest]: readonly string[]): JsonObject => {
    const { [name]: present, ...others } = target
    const below = isJsonObject(present) ? present : {}
    const next = rest.length === 0 ? content : place(below, rest)
    return next === undefined ? others : { ...target, [name]: next }
  }
  return place(value, leaf.split(separator).slice(1))
}

export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const member of Object.values(value)) frozen(member)
  }
  return value
}
