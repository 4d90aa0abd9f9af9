/** What people read of one Cluster. Pure. */
import type { Cluster } from '../api/cluster.ts'

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
