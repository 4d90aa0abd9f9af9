/**
 * Which of the labels that a member reports may be put on its Cluster, and whether they are there already. Pure. A member
 * that means harm chooses both keys and values: what nobody has allowed is left out, and only what is a key is repeated.
 */
import type { Cluster } from '../../api/cluster.ts'
import { annotations } from '../../api/group.ts'
import { formatLabels, isLabelKey, isLabelValue, isReservedLabelKey, type Labels } from '../../api/labels.ts'

/** What may be taken over: keys, and prefixes as `example.com/*`. */
export type AllowedLabels = readonly string[]

export interface SiftedLabels {
  readonly taken: Labels
  /** Why some were left out, for people; undefined where none was. */
  readonly dropped: string | undefined
}

/** Keys that a note names of each kind; the rest are counted. */
const named = 5

export function siftLabels(reported: Labels, allowed: AllowedLabels): SiftedLabels {
  const entries = Object.entries(reported)
  const groups = Object.groupBy(entries, ([key, value]) => judge(key, value, allowed))
  const keysOf = (verdict: Verdict) => (groups[verdict] ?? []).map(([key]) => key)
  const faults = [
    tell('reserved', keysOf('reserved')),
    tell('not allowed by --member-labels', keysOf('not allowed')),
    groups.malformed === undefined ? [] : [`malformed: ${groups.malformed.length}`],
  ].flat()
  return {
    taken: Object.fromEntries(groups.taken ?? []),
    dropped: faults.length === 0 ? undefined : `labels that the cluster reports were left out; ${faults.join('; ')}`,
  }
}

type Verdict = 'taken' | 'malformed' | 'reserved' | 'not allowed'

function judge(key: string, value: string, allowed: AllowedLabels): Verdict {
  if (!isLabelKey(key) || !isLabelValue(value)) return 'malformed'
  if (isReservedLabelKey(key)) return 'reserved'
  return allowed.some((rule) => isAllowedBy(rule, key)) ? 'taken' : 'not allowed'
}

function isAllowedBy(rule: string, key: string): boolean {
  return rule.endsWith('/*') ? key.startsWith(rule.slice(0, -1)) : key === rule
}

function tell(why: string, keys: readonly string[]): readonly string[] {
  if (keys.length === 0) return []
  const list = keys.toSorted().slice(0, named).join(', ')
  return [`${why}: ${list}${keys.length > named ? ` and ${keys.length - named} more` : ''}`]
}

/** What was last taken over, as the annotation tells it; empty for none. */
function recordedText({ metadata }: Pick<Cluster, 'metadata'>): string {
  return metadata.annotations?.[annotations.memberLabels] ?? ''
}

/** Whether the label is on the Cluster as its member has reported it. */
export function isByMember(cluster: Pick<Cluster, 'metadata'>, key: string): boolean {
  const value = cluster.metadata.labels?.[key]
  return value !== undefined && recordedText(cluster).split(',').includes(`${key}=${value}`)
}

/**
 * Whether nothing is to be written: these were taken over last, and each key is on the Cluster. Its value there may be
 * another one, which somebody else has given it.
 */
export function areTakenOver(cluster: Pick<Cluster, 'metadata'>, taken: Labels): boolean {
  const present = cluster.metadata.labels ?? {}
  return recordedText(cluster) === formatLabels(taken) && Object.keys(taken).every((key) => Object.hasOwn(present, key))
}
