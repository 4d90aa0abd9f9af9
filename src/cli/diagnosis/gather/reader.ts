/**
 * Reads objects for a diagnosis. What may not be read is remembered in words and is no failure; that a kind is not served
 * means that there is none of it. Every other failure ends the diagnosis.
 */
import type { KubeClient, Selection } from '../../../kube/client.ts'
import { isForbidden, KubeApiError } from '../../../kube/errors.ts'
import type { Kind, KubeObject, ObjectKey } from '../../../kube/objects.ts'
import type { Reading } from '../observation.ts'

export interface Reader {
  /** Throws `KubeApiError`. */
  get<T extends KubeObject>(kind: Kind<T>, key: ObjectKey): Promise<Reading<T | undefined>>
  /** Throws `KubeApiError`. */
  list<T extends KubeObject>(kind: Kind<T>, selection: Selection): Promise<Reading<readonly T[]>>
  /** What `read` gives; `none` where the kind is not served. Throws as `read` does, but for what is forbidden. */
  attempt<T>(read: () => Promise<T>, none: T): Promise<Reading<T>>
  /** What was refused so far. */
  unread(): readonly string[]
}

export function createReader(client: Pick<KubeClient, 'get' | 'list'>): Reader {
  const refused = new Set<string>()

  async function attempt<T>(read: () => Promise<T>, none: T): Promise<Reading<T>> {
    try {
      return { kind: 'read', value: await read() }
    } catch (error) {
      if (error instanceof KubeApiError && error.status === 404) return { kind: 'read', value: none }
      if (!isForbidden(error)) throw error
      refused.add(`may not ${[error.verb, error.resource, error.objectName].filter(Boolean).join(' ')}`)
      return { kind: 'unread' }
    }
  }

  return {
    attempt,
    get: async (kind, key) => attempt(async () => client.get(kind, key), undefined),
    list: async (kind, selection) => attempt(async () => (await client.list(kind, selection)).items, []),
    unread: () => [...refused],
  }
}

/** What is made of a reading, where there is one. */
export function mapped<T, U>(reading: Reading<T>, make: (value: T) => U): Reading<U> {
  return reading.kind === 'read' ? { kind: 'read', value: make(reading.value) } : reading
}

/** What is made of an object that was read and may not exist. */
export function mappedIfThere<T, U>(reading: Reading<T | undefined>, make: (value: T) => U): Reading<U | undefined> {
  return mapped(reading, (value) => (value === undefined ? undefined : make(value)))
}
