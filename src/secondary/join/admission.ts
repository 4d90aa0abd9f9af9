/** What is kept of an admission: the membership that the primary's sealed result describes. Pure. */

import type { ClusterInfo } from '../../api/mc-cluster-info.ts'
import type { JoinInput } from '../../api/mc-join.ts'
import { Redacted } from '../../lib/redacted.ts'
import type { Membership } from '../../protocol/join-result.ts'

/** `endpoint` is the one that led to the result, and so the one in use. */
export function admittedMembership(
  { membership, endpoint }: { membership: Membership; endpoint: string },
  primaryUid: string,
  input: JoinInput,
): ClusterInfo {
  const { primaryIngress } = input.endpoints
  return {
    // In the order of the schema, in which it is read back: compared as text, it is the same then.
    membership: {
      primaryUid,
      primaryName: membership.primaryName,
      clusterName: membership.clusterName,
      dialect: input.dialect,
      endpoint,
      ...(primaryIngress === undefined ? {} : { primaryIngress }),
      endpoints: membership.endpoints,
      keys: membership.keys,
    },
    token: new Redacted(membership.token),
  }
}
