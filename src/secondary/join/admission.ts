/** What is kept of an admission: the membership that the primary's sealed result describes. Pure. */
import type { ClusterInfo } from '../../api/mc-cluster-info.ts'
import type { Membership } from '../../protocol/join-result.ts'
import type { JoinPlan } from './plan.ts'

/** `endpoint` is the one that led to the result, and so the one in use. */
export function admittedMembership(
  { token, origin }: Pick<JoinPlan, 'token' | 'origin'>,
  { membership, endpoint }: { membership: Membership; endpoint: string },
): ClusterInfo {
  const { primaryIngress } = origin
  return {
    // In the order of the schema, in which it is read back: compared as text, it is the same then.
    membership: {
      primaryUid: token.primaryUid,
      primaryName: membership.primaryName,
      clusterName: membership.clusterName,
      dialect: origin.dialect,
      endpoint,
      ...(primaryIngress === undefined ? {} : { primaryIngress }),
      endpoints: membership.endpoints,
      keys: membership.keys,
    },
    token: membership.token,
  }
}
