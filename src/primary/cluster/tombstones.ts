/**
 * What is remembered of disconnected clusters: one ConfigMap, an entry per cluster uid. A tombstone is stored before the
 * finalizer of a deleted Cluster is released, so that its secondary can be told for certain.
 */
import { z } from 'zod'
import type { KubeClient } from '../../kube/client.ts'
import { isAlreadyExists, isNotFound } from '../../kube/errors.ts'
import type { Informer } from '../../kube/informer.ts'
import { type ConfigMap, configMapKind, type ObjectKey } from '../../kube/objects.ts'
import type { Clock } from '../../lib/clock.ts'
import { fieldManager } from '../field-manager.ts'

export const tombstonesName = 'mc-tombstones'

/** Kept so long, milliseconds, unless there are too many. */
const maxAge = 90 * 24 * 3_600_000
/** Together they stay well below the megabyte that an object may have. */
const maxCount = 4_000

export interface Tombstone {
  readonly uid: string
  readonly keyId: string
  readonly name: string
  /** When the Cluster was disconnected, ms since the epoch. */
  readonly at: number
}

const storedSchema = z.object({ keyId: z.string(), name: z.string(), time: z.iso.datetime() })

export interface Tombstones {
  /** Makes the ConfigMap where it is missing. Throws `KubeApiError`. */
  prepare(): Promise<void>
  store(tombstone: Tombstone): Promise<void>
  drop(uid: string): Promise<void>
  /** Asks the API server itself: the answer may become a signed refusal. */
  findLive(member: { uid: string; keyId: string }): Promise<Tombstone | undefined>
  /** From the cache: a hint that a live look is worth while. */
  mayHave(uid: string): boolean
}

export function createTombstones(deps: {
  client: KubeClient
  informer: Informer<ConfigMap>
  namespace: string
  clock: Clock
}): Tombstones {
  const { client, informer, namespace, clock } = deps
  const key: ObjectKey = { namespace, name: tombstonesName }
  async function patch(data: Readonly<Record<string, string | null>>): Promise<void> {
    await client.mergePatch(configMapKind, key, { data }, { fieldManager })
  }

  async function prepare(): Promise<void> {
    if ((await client.get(configMapKind, key)) !== undefined) return
    try {
      await client.create<ConfigMap>(configMapKind, { metadata: { namespace, name: tombstonesName } }, { fieldManager })
    } catch (error) {
      // Another replica was faster; an empty ConfigMap is all the same.
      if (!isAlreadyExists(error)) throw error
    }
  }

  return {
    prepare,
    async store(tombstone) {
      const { uid, keyId, name, at } = tombstone
      const stored = JSON.stringify({ keyId, name, time: new Date(at).toISOString() })
      const data = { ...outdated(informer.get(key), clock.now()), [uid]: stored }
      try {
        await patch(data)
      } catch (error) {
        if (!isNotFound(error)) throw error
        // Somebody has deleted the ConfigMap: a Cluster that waits for its tombstone must not wait for a restart.
        await prepare()
        await patch(data)
      }
    },
    async drop(uid) {
      try {
        await patch({ [uid]: null })
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    },
    async findLive(member) {
      const found = read(await client.get(configMapKind, key), member.uid)
      return found?.keyId === member.keyId ? found : undefined
    },
    mayHave: (uid) => Object.hasOwn(informer.get(key)?.data ?? {}, uid),
  }
}

/** Undefined also for what a user has made of an entry: one that cannot be read must not hold up the others. */
function read(configMap: ConfigMap | undefined, uid: string): Tombstone | undefined {
  const stored = storedSchema.safeParse(parseJson(configMap?.data?.[uid] ?? ''))
  if (!stored.success) return undefined
  const { keyId, name, time } = stored.data
  return { uid, keyId, name, at: Date.parse(time) }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The entries to remove with the next write: those that are too old, and the oldest of too many. */
function outdated(configMap: ConfigMap | undefined, now: number): Record<string, null> {
  const all = Object.keys(configMap?.data ?? {})
    .map((uid) => ({ uid, at: read(configMap, uid)?.at ?? 0 }))
    .toSorted((a, b) => b.at - a.at)
  const gone = all.filter(({ at }, index) => index >= maxCount - 1 || now - at > maxAge)
  return Object.fromEntries(gone.map(({ uid }) => [uid, null]))
}
