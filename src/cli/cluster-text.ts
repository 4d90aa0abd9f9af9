/** What people read of one Cluster. Pure. */
import type { Cluster } from '../api/cluster.ts'
import { clusterTypeLabel } from '../api/group.ts'
import { ageSince, tableText } from './output.ts'

export interface ReadyCondition {
  readonly status: string
  readonly reason: string
  readonly message: string
}

/** The condition `Ready`; before the operator has judged it, kubectl's words for what is not known. */
export function ready({ status }: Cluster): ReadyCondition {
  const condition = status?.conditions?.find(({ type }) => type === 'Ready')
  return condition ?? { status: '<unknown>', reason: '<none>', message: 'the operator has not looked at it yet' }
}

/** A table of one, with the columns that kubectl prints for it. */
export function clusterLine(cluster: Cluster, now: number): string {
  const { metadata, status } = cluster
  const { status: isReady, reason } = ready(cluster)
  return tableText(
    ['NAME', 'TYPE', 'READY', 'REASON', 'VERSION', 'AGE'],
    [
      [
        metadata.name,
        metadata.labels?.[clusterTypeLabel] ?? '',
        isReady,
        reason,
        status?.versions?.kubernetes ?? '',
        ageSince(metadata.creationTimestamp, now),
      ],
    ],
  )
}
