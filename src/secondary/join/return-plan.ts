/**
 * How a member comes back to a primary that has forgotten it, as one that was restored from a backup has, without a join
 * token that is good: it shows its membership. Pure.
 */
import { parseEndpoint } from '../../api/endpoint.ts'
import type { ClusterInfo } from '../../api/mc-cluster-info.ts'
import type { ErrorCode } from '../../protocol/errors.ts'
import { memberEndpoints } from '../primary-client/endpoints.ts'
import type { Content } from './content.ts'
import type { JoinPlan, PlanContext, Way } from './plan.ts'

export interface ReturnPlan extends Way {
  readonly kind: 'return'
  /** The membership that the primary has forgotten. */
  readonly joined: ClusterInfo
}

/** Without `mc-join`: all that is needed is in the membership. */
export function planReturn(
  joined: ClusterInfo,
  { allowHttp, allowUntrustedTls, clusterIngress }: Pick<Content, 'allowHttp' | 'allowUntrustedTls' | 'clusterIngress'>,
  installation: PlanContext['installation'],
): ReturnPlan {
  const ingress = parseEndpoint(clusterIngress ?? '')
  return {
    kind: 'return',
    joined,
    endpoints: memberEndpoints(joined.membership, allowHttp),
    // A URL that is not usable is told of where mc-join is judged, and keeps no member out.
    k10: { ...installation, ...(ingress.ok ? { ingress: { url: ingress.url } } : {}) },
    allowUntrustedTls,
  }
}

/** Beside an `mc-join` for the same primary, which may know a newer address. */
export function returnBeside(plan: JoinPlan, back: ReturnPlan): ReturnPlan {
  return { ...back, endpoints: [...new Set([...plan.endpoints, ...back.endpoints])], k10: plan.k10 }
}

const spent: ReadonlySet<string> = new Set<ErrorCode>(['TokenInvalid', 'TokenExpired', 'TokenExhausted'])

/** Whether a refusal says no more than that the join token is good no longer. */
export function isTokenSpent(code: string): boolean {
  return spent.has(code)
}
