/** What is kept of an admission: the membership that the primary's sealed result describes. Pure. */
import type { ClusterInfo } from '../../api/mc-cluster-info.ts'
import type { Membership } from '../../protocol/join-result.ts'
import type { JoinPlan } from './plan.ts'
import type { ReturnPlan } from './return-plan.ts'

/** `endpoint` is the one that led to the result, and so the one in use. */
export function admittedMembership(
  plan: Pick<JoinPlan, 'kind' | 'token' | 'origin'> | ReturnPlan,
  { membership, endpoint }: { membership: Membership; endpoint: string },
): ClusterInfo {
  const { primaryUid, dialect, primaryIngress } =
    plan.kind === 'join' ? { primaryUid: plan.token.primaryUid, ...plan.origin } : plan.joined.membership
  return {
    // In the order of the schema, in which it is read back: compared as text, it is the same then.
    membership: {
      primaryUid,
      primaryName: membership.primaryName,
      clusterName: membership.clusterName,
      dialect,
      endpoint,
      ...(primaryIngress === undefined ? {} : { primaryIngress }),
      endpoints: membership.endpoints,
      keys: membership.keys,
    },
    token: membership.token,
  }
}
