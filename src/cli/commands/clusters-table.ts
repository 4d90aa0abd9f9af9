/** The table of `clusters`: one row for each Cluster, and when it was last heard of. Pure. */
import type { Cluster } from '../../api/cluster.ts'
import { clusterTypeLabel } from '../../api/group.ts'
import { ageSince, ageText } from '../output.ts'

const columns = ['NAME', 'TYPE', 'READY', 'REASON', 'VERSION', 'LAST-SEEN', 'AGE'] as const
const wideColumns = [...columns, 'CONJOIN', 'ID', 'INGRESS'] as const

export interface TableOptions {
  readonly wide: boolean
  /** When the member of this uid was last heard, as the replicas tell each other (RFC 3339); undefined: they do not. */
  readonly lastSeen: (uid: string) => string | undefined
  /** Wall clock, ms since the epoch. */
  readonly now: number
}

export function clusterColumns(wide: boolean): readonly string[] {
  return wide ? wideColumns : columns
}

/** Whether the cell changes as time goes by. */
export function isTimeColumn(index: number): boolean {
  return ['LAST-SEEN', 'AGE'].includes(wideColumns[index] ?? '')
}

export function clusterRow(cluster: Cluster, { wide, lastSeen, now }: TableOptions): readonly string[] {
  const { metadata, spec, status } = cluster
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  const row = [
    metadata.name,
    metadata.labels?.[clusterTypeLabel] ?? (spec.primary ? 'primary' : 'secondary'),
    ready?.status ?? 'Unknown',
    ready?.reason ?? '<none>',
    status?.versions?.kubernetes ?? '<none>',
    lastSeenText(cluster, lastSeen, now),
    ageSince(metadata.creationTimestamp, now),
  ]
  const more = [status?.versions?.operator ?? '<none>', status?.id ?? '<none>', spec.k10.ingress?.url ?? '<none>']
  return wide ? [...row, ...more] : row
}

/** What is stored is up to 75 minutes old, so that the cluster may have been heard since: such a time has `≤` before it. */
function lastSeenText({ spec, status }: Cluster, lastSeen: TableOptions['lastSeen'], now: number): string {
  if (spec.primary) return '<self>'
  const heard = spec.member === undefined ? undefined : lastSeen(spec.member.uid)
  const stored = status?.lastSeen
  if (heard !== undefined && !(Date.parse(stored ?? '') > Date.parse(heard))) return ageText(now - Date.parse(heard))
  return stored === undefined ? '<never>' : `≤${ageText(now - Date.parse(stored))}`
}
