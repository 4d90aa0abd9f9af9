/** Finds out whose request it is: what its token claims, and what the API server shows of that. It changes nothing. */
import type { Cluster } from '../../api/cluster.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { isGenuineToken, readMembershipToken } from '../../protocol/membership-token.ts'
import type { Tombstones } from '../cluster/tombstones.ts'
import type { ClusterLookup } from '../cluster-lookup.ts'
import type { ProvenRequest } from './member-desk.ts'
import { type Claim, decideMembership, type MembershipVerdict } from './membership.decide.ts'

export interface MembershipDeps {
  readonly clusters: Pick<ClusterLookup, 'live' | 'hasElder'>
  readonly tombstones: Pick<Tombstones, 'findLive'>
}

/** What the communication token says, unverified. Throws `Malformed` where it is of another cluster than the path. */
export function readClaim({ clusterName, token, keyId }: ProvenRequest): Claim {
  const claims = readMembershipToken(token)
  if (claims.sub !== clusterName) throw new ProtocolError('Malformed', 'the path names another cluster than the token')
  return { uid: claims.uid, tokenKeyId: claims.cnf.jkt, keyId }
}

/** The verdict that may be signed: it rests on what the API server has just shown. Throws `KubeApiError`. */
export async function judgeLive(
  { clusters, tombstones }: MembershipDeps,
  { keyring, clusterName, token }: ProvenRequest,
  claim: Claim,
): Promise<MembershipVerdict> {
  // First, because anybody can make up a token: nobody but who once was a member may cause a look at the API server.
  if (!(await isGenuineToken(keyring, token))) return { kind: 'stranger' }
  const [cluster, tombstone] = await Promise.all([
    clusters.live(clusterName),
    tombstones.findLive({ uid: claim.uid, keyId: claim.keyId }),
  ])
  return decideMembership({ claim, cluster, tombstone })
}

/** The younger of two Clusters of one cluster is never confirmed: its owner joins again, and meets the older one. */
export async function elderOnly(
  { clusters }: Pick<MembershipDeps, 'clusters'>,
  cluster: Cluster,
): Promise<MembershipVerdict> {
  return (await clusters.hasElder(cluster)) ? { kind: 'unknown' } : { kind: 'member', cluster }
}

/** What a stranger gets: no member and never one, it is told nothing that is signed. */
export function strangerRefused(): ProtocolError {
  return new ProtocolError('ProofInvalid', 'the request does not come from a member')
}
