/**
 * What is remembered of one disconnected cluster, and the entries of the ConfigMap that hold it: one for each of its keys.
 * Pure; what is stored and dropped when is for `tombstones.ts`.
 */
import { z } from 'zod'
import type { Cluster, ClusterMember } from '../../api/cluster.ts'
import type { ConfigMap } from '../../kube/objects.ts'

/** Together they stay well below the megabyte that an object may have. */
const maxCount = 4_000

/** Whoever holds a join token may name any uid: only with the key is it a cluster's own. */
export interface FormerMember {
  readonly uid: string
  readonly keyId: string
}

export interface Tombstone extends FormerMember {
  readonly name: string
  /** When the Cluster was disconnected, ms since the epoch. */
  readonly at: number
  /**
   * The same by the clock of the API server, to the day once it is stored; absent where no Cluster had been deleted. One of
   * the two clocks may be years behind, and would have it forgotten before its cluster has heard of it.
   */
  readonly deletedAt?: number | undefined
  /** The cluster knows that it is disconnected, by `leave`: nobody needs to be told any more. */
  readonly isAcknowledged: boolean
  /** Thumbprint of the primary's key that it last named: the one that it has to be told with. */
  readonly primaryKeyId?: string | undefined
  /**
   * The key that this one has replaced: who asks with that is told the same. The answer that told of the new one may have
   * been lost, and who came by the old one must not bring the cluster back.
   */
  readonly previousKeyId?: string | undefined
}

/** What is remembered of the member of a Cluster that goes. */
export function tombstoneOf(
  { metadata, status }: Cluster,
  { uid, keyId, previousKeyId }: ClusterMember,
  word: Pick<Tombstone, 'at' | 'isAcknowledged'>,
): Tombstone {
  const primaryKeyId = status?.primaryKeyId
  const { deletionTimestamp } = metadata
  return {
    uid,
    keyId,
    name: metadata.name,
    ...word,
    ...(deletionTimestamp === undefined ? {} : { deletedAt: Date.parse(deletionTimestamp) }),
    ...(primaryKeyId === undefined ? {} : { primaryKeyId }),
    ...(previousKeyId === undefined ? {} : { previousKeyId }),
  }
}

const storedSchema = z.object({
  name: z.string(),
  time: z.iso.datetime(),
  deleted: z.iso.date().optional(),
  acknowledged: z.boolean().default(false),
  primaryKeyId: z.string().optional(),
  previousKeyId: z.string().optional(),
})

/** The entry of its key, and the one of the key before, which says no more of others. */
export function entriesOf(tombstone: Tombstone): Readonly<Record<string, string>> {
  const { previousKeyId: _own, ...before } = tombstone
  const [own, ...others] = entryKeys(tombstone)
  return Object.fromEntries([
    ...others.map((entry) => [entry, stored(before)]),
    ...(own === undefined ? [] : [[own, stored(tombstone)]]),
  ])
}

export function entryKeys({
  uid,
  keyId,
  previousKeyId,
}: FormerMember & Pick<Tombstone, 'previousKeyId'>): readonly string[] {
  const keyIds = previousKeyId === undefined ? [keyId] : [keyId, previousKeyId]
  return keyIds.map((id) => entryKey({ uid, keyId: id }))
}

/** Neither part has a dot. */
export function entryKey({ uid, keyId }: FormerMember): string {
  return `${uid}.${keyId}`
}

function stored({
  name,
  at,
  deletedAt,
  isAcknowledged,
  primaryKeyId,
  previousKeyId,
}: Omit<Tombstone, keyof FormerMember>): string {
  // Who knows of it is soon forgotten in any case, and there is no room for both.
  const mark = isAcknowledged
    ? { acknowledged: true }
    : { deleted: deletedAt === undefined ? undefined : dayOf(deletedAt) }
  return JSON.stringify({ name, time: new Date(at).toISOString(), ...mark, primaryKeyId, previousKeyId })
}

/** `2030-01-05` */
const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, 10)

export function tombstonesIn(configMap: ConfigMap | undefined): readonly Tombstone[] {
  return Object.keys(configMap?.data ?? {}).flatMap((entry) => readEntry(configMap, entry) ?? [])
}

/** The uids of entries that were not so before: of whom something new is remembered. */
export function uidsOfNews(now: ConfigMap, before: ConfigMap | undefined): readonly string[] {
  const news = Object.entries(now.data ?? {}).filter(([entry, value]) => before?.data?.[entry] !== value)
  return news.flatMap(([entry]) => entry.split('.')[0] ?? [])
}

/** Undefined also for what a user has made of an entry: one that cannot be read must not hold up the others. */
export function readEntry(configMap: ConfigMap | undefined, entry: string): Tombstone | undefined {
  const [uid, keyId, ...rest] = entry.split('.')
  const parsed = storedSchema.safeParse(parseJson(configMap?.data?.[entry] ?? ''))
  if (uid === undefined || keyId === undefined || rest.length > 0 || !parsed.success) return undefined
  const { name, time, deleted, acknowledged, ...keys } = parsed.data
  const deletedAt = deleted === undefined ? {} : { deletedAt: Date.parse(deleted) }
  return { uid, keyId, name, at: Date.parse(time), ...deletedAt, isAcknowledged: acknowledged, ...keys }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * The entries to remove with the next write: those of before `keptFrom`, and of too many the oldest, first of those that were
 * acknowledged. Whoever holds an unbounded join token can join and leave without end, and would else make the others go.
 */
export function outdated(configMap: ConfigMap | undefined, keptFrom = -Infinity): readonly string[] {
  const entries = Object.keys(configMap?.data ?? {})
  const unreadable = entries.filter((entry) => readEntry(configMap, entry) === undefined)
  const old = tombstonesIn(configMap)
    .toSorted((a, b) => Number(a.isAcknowledged) - Number(b.isAcknowledged) || youngest(b) - youngest(a))
    .filter((tombstone, index) => index >= maxCount - 1 || youngest(tombstone) < keptFrom)
  return [...unreadable, ...old.map(entryKey)]
}

/** By whichever clock it is younger, ms since the epoch. */
const youngest = ({ at, deletedAt = at }: Tombstone) => Math.max(at, deletedAt)
