/**
 * The informer's memory: objects by key, found by index too. It is synchronous and makes no requests; `put`, `remove`
 * and `replaceAll` say what has changed and leave the telling to others.
 */
import { formatKey, type KubeObject, keyOf, type ObjectKey } from './objects.ts'

export type InformerChange<T> =
  | { readonly type: 'added'; readonly object: T }
  | { readonly type: 'updated'; readonly object: T; readonly previous: T }
  | { readonly type: 'deleted'; readonly object: T }

/** The values under which an object is found in one index. It must not throw, whatever a user has written. */
export type IndexFunction<T> = (object: T) => readonly string[]

export class Store<T extends KubeObject> {
  readonly #objects = new Map<string, T>()
  readonly #indexes: ReadonlyMap<string, { valuesOf: IndexFunction<T>; entries: Map<string, Set<T>> }>

  constructor(indexes: Readonly<Record<string, IndexFunction<T>>>) {
    this.#indexes = new Map(
      Object.entries(indexes).map(([name, valuesOf]) => [name, { valuesOf, entries: new Map<string, Set<T>>() }]),
    )
  }

  get(key: ObjectKey): T | undefined {
    return this.#objects.get(formatKey(key))
  }

  list(): readonly T[] {
    return [...this.#objects.values()]
  }

  count(): number {
    return this.#objects.size
  }

  /** Throws where there is no such index: a typing error must not look like an empty cluster. */
  by(index: string, value: string): readonly T[] {
    const found = this.#indexes.get(index)
    if (found === undefined) throw new TypeError(`no index ${index}`)
    return [...(found.entries.get(value) ?? [])]
  }

  /** Takes an object in; no change where this very version is known. */
  put(object: T): readonly InformerChange<T>[] {
    const key = formatKey(keyOf(object))
    const previous = this.#objects.get(key)
    if (previous !== undefined && isSameVersion(previous, object)) return []
    if (previous !== undefined) this.#unindex(previous)
    this.#objects.set(key, object)
    this.#index(object)
    if (previous === undefined) return [{ type: 'added', object }]
    if (previous.metadata.uid === object.metadata.uid) return [{ type: 'updated', object, previous }]
    // Deleted and made again while nobody looked: to those who listen these are two objects.
    return [
      { type: 'deleted', object: previous },
      { type: 'added', object },
    ]
  }

  /** Takes an object out by its name; `last` is the last state known of it. */
  remove(last: T): readonly InformerChange<T>[] {
    const key = formatKey(keyOf(last))
    const previous = this.#objects.get(key)
    if (previous === undefined) return []
    this.#objects.delete(key)
    this.#unindex(previous)
    return [{ type: 'deleted', object: last }]
  }

  /** Makes the store hold exactly these. What is gone is told first, so that a name or key is free before its next use. */
  replaceAll(objects: readonly T[]): readonly InformerChange<T>[] {
    const kept = new Set(objects.map((object) => formatKey(keyOf(object))))
    const gone = this.list().filter((object) => !kept.has(formatKey(keyOf(object))))
    return [...gone.flatMap((object) => this.remove(object)), ...objects.flatMap((object) => this.put(object))]
  }

  #index(object: T): void {
    for (const { valuesOf, entries } of this.#indexes.values()) {
      for (const value of valuesOf(object)) {
        const members = entries.get(value)
        if (members === undefined) entries.set(value, new Set([object]))
        else members.add(object)
      }
    }
  }

  #unindex(object: T): void {
    for (const { valuesOf, entries } of this.#indexes.values()) {
      for (const value of valuesOf(object)) {
        const members = entries.get(value)
        members?.delete(object)
        if (members?.size === 0) entries.delete(value)
      }
    }
  }
}

function isSameVersion(a: KubeObject, b: KubeObject): boolean {
  return a.metadata.uid === b.metadata.uid && a.metadata.resourceVersion === b.metadata.resourceVersion
}
