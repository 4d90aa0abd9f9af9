/** Finds out whose request it is, by what the cache and the API server show of what it claims. It changes nothing. */
import type { Cluster } from '../../api/cluster.ts'
import { isGenuineToken } from '../../protocol/membership-token.ts'
import type { Tombstones } from '../cluster/tombstones.ts'
import type { ClusterLookup } from '../cluster-lookup.ts'
import type { ProvenRequest } from './member-desk.ts'
import { decideMembership, isMember, type MembershipVerdict } from './membership.decide.ts'

export interface MembershipDeps {
  readonly clusters: Pick<ClusterLookup, 'named' | 'live' | 'hasElder'>
  readonly tombstones: Pick<Tombstones, 'cached' | 'findLive'>
}

/** The cache may say yes; whatever else is said rests on what the API server has just shown. Throws `KubeApiError`. */
export async function judgeQuickly(deps: MembershipDeps, proven: ProvenRequest): Promise<MembershipVerdict> {
  const cached = deps.clusters.named(proven.clusterName)
  if (cached !== undefined && isMember(proven.claim, cached)) return elderOnly(deps, cached)
  return judgeLive(deps, proven)
}

/** For what changes something, and for what is refused. Throws `KubeApiError`. */
export async function judgeLive(deps: MembershipDeps, proven: ProvenRequest): Promise<MembershipVerdict> {
  const { keyring, token, claim } = proven
  // First, because anybody can make up a token: nobody but who once was a member may cause a look at the API server.
  const isGenuine = await isGenuineToken(keyring, token)
  if (!isGenuine && deps.tombstones.cached(claim) === undefined) return { kind: 'stranger' }
  const verdict = await look(deps, proven)
  // The key that has signed the token may be given up. Who has the very key that was disconnected is told that, and only that.
  if (!isGenuine && verdict.kind !== 'disconnected') return { kind: 'stranger' }
  return verdict.kind === 'member' ? elderOnly(deps, verdict.cluster) : verdict
}

async function look({ clusters, tombstones }: MembershipDeps, { clusterName, claim }: ProvenRequest) {
  const [cluster, tombstone] = await Promise.all([clusters.live(clusterName), tombstones.findLive(claim)])
  return decideMembership({ claim, cluster, tombstone })
}

/** The younger of two Clusters of one cluster is not confirmed where both are known: its owner joins again, and meets the older. */
async function elderOnly({ clusters }: MembershipDeps, cluster: Cluster): Promise<MembershipVerdict> {
  return (await clusters.hasElder(cluster)) ? { kind: 'unknown' } : { kind: 'member', cluster }
}
