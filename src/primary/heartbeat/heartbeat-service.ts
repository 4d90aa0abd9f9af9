/**
 * Answers a member's heartbeat: judges who sends it, remembers the sighting, and says what the member is told. The cache
 * may say yes; whatever else is said rests on what the API server has just shown.
 */
import type { Cluster } from '../../api/cluster.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { type Heartbeat, heartbeatSchema, type Reply } from '../../protocol/reply.ts'
import { heartbeatPath } from '../../protocol/wire.ts'
import type { Answer } from '../answer.ts'
import { readBody } from '../body.ts'
import type { Tombstones } from '../cluster/tombstones.ts'
import type { ClusterLookup } from '../cluster-lookup.ts'
import { primaryKeys, type ServingPrimary } from '../state.ts'
import type { Confirmation } from './confirmation.ts'
import type { MemberDesk, MemberRequest, ProvenRequest } from './member-desk.ts'
import { isMember, type MembershipVerdict } from './membership.decide.ts'
import { judgeLive, readClaim, strangerRefused } from './membership.ts'

export interface HeartbeatDeps {
  readonly desk: MemberDesk
  /** Throws `ProtocolError` `Busy` while there is no primary that could have members. */
  readonly serving: () => ServingPrimary
  /** The interval that members are told, milliseconds. */
  readonly interval: () => number
  readonly clusters: ClusterLookup
  readonly tombstones: Tombstones
  readonly confirmation: Pick<Confirmation, 'heard'>
}

export interface HeartbeatService {
  /** Throws `ProtocolError` for what is answered without a signature, `KubeApiError` where the API server fails. */
  heartbeat(request: MemberRequest): Promise<Answer>
}

/** A member's nonce lives at least this long, milliseconds. */
export const leastNonceLifetime = 5 * 60_000

export function createHeartbeatService(deps: HeartbeatDeps): HeartbeatService {
  return {
    async heartbeat(request) {
      const heartbeat = readHeartbeat(request.body)
      const nonceLifetime = Math.max(leastNonceLifetime, 3 * deps.interval())
      const expected = { path: heartbeatPath(request.clusterName), nonceLifetime, kid: heartbeat.kid }
      return deps.desk.answer(request, expected, async (proven) => replyTo(deps, await judge(deps, proven), heartbeat))
    },
  }
}

function readHeartbeat(body: Buffer): Heartbeat {
  const parsed = heartbeatSchema.safeParse(readBody(body))
  if (!parsed.success) throw new ProtocolError('Malformed', 'the heartbeat is not well-formed')
  return parsed.data
}

async function judge(deps: HeartbeatDeps, proven: ProvenRequest): Promise<MembershipVerdict> {
  const claim = readClaim(proven)
  const cached = deps.clusters.named(proven.clusterName)
  if (cached !== undefined && isMember(claim, cached)) return elderOnly(deps, cached)
  const verdict = await judgeLive(deps, proven, claim)
  return verdict.kind === 'member' ? elderOnly(deps, verdict.cluster) : verdict
}

/** The younger of two Clusters of one cluster is never confirmed: its owner joins again, and meets the older one. */
async function elderOnly({ clusters }: HeartbeatDeps, cluster: Cluster): Promise<MembershipVerdict> {
  return (await clusters.hasElder(cluster)) ? { kind: 'unknown' } : { kind: 'member', cluster }
}

/** A disconnected cluster is told so even after the primary's own Cluster has gone too. */
async function replyTo(deps: HeartbeatDeps, verdict: MembershipVerdict, heartbeat: Heartbeat): Promise<Reply> {
  switch (verdict.kind) {
    case 'member': {
      const primary = deps.serving()
      await deps.confirmation.heard(verdict.cluster, heartbeat)
      return {
        status: 'ok',
        interval: primary.interval / 1000,
        keys: primaryKeys(primary.keyring),
        endpoints: [primary.endpoint],
      }
    }
    case 'disconnected':
      return { status: 'Disconnected', at: Math.floor(verdict.tombstone.at / 1000) }
    case 'unknown':
      return { status: 'UnknownCluster' }
    case 'other-key':
      return { status: 'KeyMismatch' }
    case 'leaving':
      throw new ProtocolError('Busy', 'the Cluster is being deleted')
    case 'stranger':
      throw strangerRefused()
  }
}
