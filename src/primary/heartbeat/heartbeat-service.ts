/**
 * Answers a member's heartbeat: verifies who sends it, remembers the sighting, and signs the reply. The cache may say
 * yes; whatever else is said rests on what the API server has just shown.
 */
import type { Cluster } from '../../api/cluster.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Issuer } from '../../protocol/challenge.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { isGenuineToken, readMembershipToken } from '../../protocol/membership-token.ts'
import { createNonce, memberContext } from '../../protocol/nonce.ts'
import { claimedKey, verifyPossession } from '../../protocol/possession-proof.ts'
import { type Heartbeat, heartbeatSchema, type Reply, replyStatus, signReply } from '../../protocol/reply.ts'
import { heartbeatPath } from '../../protocol/wire.ts'
import { type Answer, problemOf } from '../answer.ts'
import { readBody } from '../body.ts'
import type { Tombstones } from '../cluster/tombstones.ts'
import type { ClusterLookup } from '../cluster-lookup.ts'
import type { Buckets } from '../load/buckets.ts'
import { primaryKeys, type ServingPrimary } from '../state.ts'
import type { Confirmation } from './confirmation.ts'
import { type Claim, decideMembership, isMember, type MembershipVerdict } from './membership.decide.ts'
import { createUsedNonces } from './used-nonces.ts'

export interface HeartbeatDeps {
  /** Throws `ProtocolError` `Busy` before the key is loaded, and where it is lost. */
  readonly issuer: () => Issuer
  /** Throws `ProtocolError` `Busy` while there is no primary that could have members. */
  readonly serving: () => ServingPrimary
  /** The interval that members are told, milliseconds. */
  readonly interval: () => number
  readonly clusters: ClusterLookup
  readonly tombstones: Tombstones
  readonly confirmation: Confirmation
  /** How often a key may ask; only proven requests count, so nobody can use up what is another's. */
  readonly pace: Buckets
  readonly clock: Clock
}

/** A request as it came. */
export interface MemberRequest {
  readonly clusterName: string
  readonly token: string
  readonly proof: string
  readonly body: Buffer
}

export interface HeartbeatService {
  /** Throws `ProtocolError` for what is answered without a signature, `KubeApiError` where the API server fails. */
  heartbeat(request: MemberRequest): Promise<Answer>
}

/** A member's nonce lives at least this long, milliseconds. */
export const leastNonceLifetime = 5 * 60_000

export function createHeartbeatService(deps: HeartbeatDeps): HeartbeatService {
  const usedNonces = createUsedNonces()
  return {
    async heartbeat(request) {
      // A disconnected cluster is told so even after the primary's own Cluster has gone too.
      const issuer = deps.issuer()
      const heartbeat = readHeartbeat(request.body)
      const keyId = claimedKey(request.proof).thumbprint
      const nonce = createNonce(issuer.nonceKey, memberContext(issuer.uid, keyId), deps.clock.now())
      try {
        const madeAt = await verifyRequest(deps, issuer, request)
        if (!usedNonces.use(keyId, { madeAt, now: deps.clock.now() }))
          throw new ProtocolError('NonceInvalid', 'the nonce has been used')
      } catch (error) {
        if (error instanceof ProtocolError && error.code === 'NonceInvalid') return { ...problemOf(error), nonce }
        throw error
      }
      const wait = deps.pace.take(keyId)
      if (wait > 0) throw new ProtocolError('Busy', 'this member asks too often', { retryAfterMs: wait })
      const verdict = await judge(deps, issuer, request, keyId)
      const reply = await replyTo(deps, verdict, heartbeat)
      const signed = await signReply(issuer, { proof: request.proof, thumbprint: keyId }, reply)
      return { status: replyStatus[reply.status], body: { reply: signed }, nonce, isProven: true }
    },
  }
}

function readHeartbeat(body: Buffer): Heartbeat {
  const parsed = heartbeatSchema.safeParse(readBody(body))
  if (!parsed.success) throw new ProtocolError('Malformed', 'the heartbeat is not well-formed')
  return parsed.data
}

/** Returns when the nonce was made, ms since the epoch. */
async function verifyRequest(
  { clock, interval }: HeartbeatDeps,
  issuer: Issuer,
  { clusterName, token, proof, body }: MemberRequest,
): Promise<number> {
  const limits = { now: clock.now(), lifetime: Math.max(leastNonceLifetime, 3 * interval()) }
  return (await verifyPossession(issuer, proof, { path: heartbeatPath(clusterName), token, body }, limits)).nonceMadeAt
}

/** `keyId` has signed the request; nothing else of it has been verified. */
async function judge(
  deps: HeartbeatDeps,
  issuer: Issuer,
  { clusterName, token }: MemberRequest,
  keyId: string,
): Promise<MembershipVerdict> {
  const claims = readMembershipToken(token)
  if (claims.sub !== clusterName) throw new ProtocolError('Malformed', 'the path names another cluster than the token')
  const claim: Claim = { uid: claims.uid, tokenKeyId: claims.cnf.jkt, keyId }
  const cached = deps.clusters.named(clusterName)
  if (cached !== undefined && isMember(claim, cached)) return elderOnly(deps, cached)
  // First, because anybody can make up a token: nobody but who once was a member may cause a look at the API server.
  if (!(await isGenuineToken(issuer, token))) return { kind: 'stranger' }
  const [cluster, tombstone] = await Promise.all([
    deps.clusters.live(clusterName),
    deps.tombstones.findLive({ uid: claim.uid, keyId }),
  ])
  const verdict = decideMembership({ claim, cluster, tombstone })
  return verdict.kind === 'member' ? elderOnly(deps, verdict.cluster) : verdict
}

/** The younger of two Clusters of one cluster is never confirmed: its owner joins again, and meets the older one. */
async function elderOnly({ clusters }: HeartbeatDeps, cluster: Cluster): Promise<MembershipVerdict> {
  return (await clusters.hasElder(cluster)) ? { kind: 'unknown' } : { kind: 'member', cluster }
}

async function replyTo(deps: HeartbeatDeps, verdict: MembershipVerdict, heartbeat: Heartbeat): Promise<Reply> {
  switch (verdict.kind) {
    case 'member': {
      const primary = deps.serving()
      await deps.confirmation.heard(verdict.cluster, heartbeat)
      return {
        status: 'ok',
        interval: primary.interval / 1000,
        keys: primaryKeys(primary.issuer),
        endpoints: [primary.endpoint],
      }
    }
    case 'disconnected':
      return { status: 'Disconnected', at: Math.floor(verdict.at / 1000) }
    case 'unknown':
      return { status: 'UnknownCluster' }
    case 'other-key':
      return { status: 'KeyMismatch' }
    case 'leaving':
      throw new ProtocolError('Busy', 'the Cluster is being deleted')
    case 'stranger':
      throw new ProtocolError('ProofInvalid', 'the request does not come from a member')
  }
}
