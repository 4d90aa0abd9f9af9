/**
 * What is remembered of disconnected clusters: one ConfigMap, an entry per uid and key. A tombstone is stored before the
 * finalizer of a deleted Cluster is released, so that its secondary can be told for certain.
 */
import type { KubeClient } from '../../kube/client.ts'
import { isAlreadyExists, isConflict, isNotFound } from '../../kube/errors.ts'
import type { EventRecorder } from '../../kube/events.ts'
import type { Informer } from '../../kube/informer.ts'
import { type ConfigMap, configMapKind, type ObjectKey } from '../../kube/objects.ts'
import type { Clock } from '../../lib/clock.ts'
import { shareReadsOf } from '../../lib/shared-read.ts'
import { fieldManager } from '../field-manager.ts'
import { tellDropped } from './cluster-events.ts'
import {
  entriesOf,
  entryKey,
  entryKeys,
  type FormerMember,
  outdated,
  readEntry,
  type Tombstone,
  tombstonesIn,
} from './tombstone.ts'

export const tombstonesName = 'mc-tombstones'

/** Kept so long, milliseconds, unless there are too many. */
const maxAge = 90 * 24 * 3_600_000
/**
 * Kept so long even when acknowledged, milliseconds: a request to join that was made before the disconnection lives for
 * 60 s, and must not undo it when it is sent again.
 */
export const acknowledgedAge = 2 * 60_000
/** What is remembered and is over does no harm: no more is tried than this. */
const maxRounds = 4

/** Between the starts of two reads, milliseconds: every join of a fleet asks, and thousands of tombstones are large. */
const readEvery = 25

export interface Tombstones {
  /** Makes the ConfigMap where it is missing. Throws `KubeApiError`. */
  prepare(): Promise<void>
  /**
   * For both of its keys. An acknowledgement by the key before is that key's alone: it may be a thief's. With that of a
   * deleted Cluster, which tells the time by the clock of the API server, others that are too old by both clocks go.
   */
  store(tombstone: Tombstone): Promise<void>
  /**
   * Drops what is remembered of a member that is back, where `isOver` says so of it as the API server has it now: another
   * disconnection may have come since. What somebody else writes at the same time may save it; it is over all the same.
   * Throws `KubeApiError`, also the conflict where what would be saved is of a time to come.
   */
  forget(member: FormerMember, isOver: (tombstone: Tombstone) => boolean): Promise<void>
  /**
   * Drops those that were acknowledged and are old enough; gives the milliseconds until the next one is, undefined where
   * there is none. Throws `KubeApiError`, a conflict where somebody has written meanwhile.
   */
  dropAcknowledged(): Promise<number | undefined>
  /** Asks the API server, after this was asked: the answer may become a signed refusal. Throws `KubeApiError`. */
  findLive(member: FormerMember): Promise<Tombstone | undefined>
  /** From the cache, which may not have heard of it yet, or not of its end. */
  cached(member: FormerMember): Tombstone | undefined
  /** From the cache: those that have still to hear of it. */
  unheard(): readonly Tombstone[]
}

export function createTombstones(deps: {
  client: KubeClient
  informer: Informer<ConfigMap>
  events: Pick<EventRecorder, 'record'>
  namespace: string
  clock: Clock
}): Tombstones {
  const { client, informer, events, namespace, clock } = deps
  const key: ObjectKey = { namespace, name: tombstonesName }
  const readSoon = shareReadsOf(async (of: ObjectKey) => client.get(configMapKind, of), {
    idOf: ({ name }) => name,
    every: readEvery,
    clock,
  })

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
      const { deletedAt } = tombstone
      const cached = informer.get(key)
      const entries = entriesOf(tombstone)
      // One clock alone may be years ahead, and would have all of them forgotten.
      const keptFrom = deletedAt === undefined ? undefined : Math.min(clock.now(), deletedAt) - maxAge
      const gone = outdated(cached, keptFrom).filter((entry) => !Object.hasOwn(entries, entry))
      const data = { ...Object.fromEntries(gone.map((entry) => [entry, null])), ...entries }
      try {
        await patch(data)
      } catch (error) {
        if (!isNotFound(error)) throw error
        // Somebody has deleted the ConfigMap: a Cluster that waits for its tombstone must not wait for a restart.
        await prepare()
        await patch(data)
      }
      const unheard = gone
        .flatMap((entry) => readEntry(cached, entry) ?? [])
        .filter(({ isAcknowledged }) => !isAcknowledged)
      if (cached !== undefined && unheard.length > 0)
        tellDropped(events, cached, [...new Set(unheard.map(({ name }) => name))])
    },
    async forget(member, isOver) {
      const entry = entryKey(member)
      for (let round = 0; round < maxRounds; round += 1) {
        const live = await readSoon(key)
        const found = readEntry(live, entry)
        if (found === undefined || !isOver(found)) return
        const gone = entryKeys(found).map((each) => [each, null])
        const { resourceVersion } = live?.metadata ?? {}
        const change = { metadata: { resourceVersion }, data: Object.fromEntries(gone) }
        try {
          await client.mergePatch(configMapKind, key, change, { fieldManager })
          return
        } catch (error) {
          if (isNotFound(error)) return
          const isLastRound = round === maxRounds - 1
          // By a clock that was ahead: it would end the membership that has just begun.
          if (!isConflict(error) || (isLastRound && found.at > clock.now())) throw error
        }
      }
    },
    async dropAcknowledged() {
      const cached = informer.get(key)
      const left = tombstonesIn(cached).flatMap((tombstone) =>
        tombstone.isAcknowledged
          ? [{ entry: entryKey(tombstone), ms: tombstone.at + acknowledgedAge - clock.now() }]
          : [],
      )
      const due = left.filter(({ ms }) => ms <= 0).map(({ entry }) => [entry, null])
      if (due.length > 0) {
        // Bound to the version that was looked at: a cluster may have been disconnected again since.
        const { resourceVersion } = cached?.metadata ?? {}
        const patch = { metadata: { resourceVersion }, data: Object.fromEntries(due) }
        await client.mergePatch(configMapKind, key, patch, { fieldManager })
      }
      const next = Math.min(...left.filter(({ ms }) => ms > 0).map(({ ms }) => ms))
      return Number.isFinite(next) ? next : undefined
    },
    async findLive(member) {
      return readEntry(await readSoon(key), entryKey(member))
    },
    cached: (member) => readEntry(informer.get(key), entryKey(member)),
    unheard: () => tombstonesIn(informer.get(key)).filter(({ isAcknowledged }) => !isAcknowledged),
  }
}
