/**
 * Answers a member that asks for another key: replaces the key of its Cluster in one write that is bound to what was
 * looked at. A lost answer costs nothing: the same request again is answered alike, as long as nobody uses the new key.
 */
import { type Cluster, type ClusterMember, clusterKind } from '../../api/cluster.ts'
import type { Reason } from '../../api/reasons.ts'
import type { KubeClient } from '../../kube/client.ts'
import { isConflict } from '../../kube/errors.ts'
import type { EventRecorder } from '../../kube/events.ts'
import { keyOf } from '../../kube/objects.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { PublicKey } from '../../protocol/keys.ts'
import { signMembershipToken } from '../../protocol/membership-token.ts'
import { type Rekey, rekeySchema, verifyRekeyRequest } from '../../protocol/rekey.ts'
import type { Reply } from '../../protocol/reply.ts'
import { rekeyPath } from '../../protocol/wire.ts'
import type { Answer } from '../answer.ts'
import type { Suspect } from '../cluster/suspect.ts'
import type { ClusterLookup } from '../cluster-lookup.ts'
import { fieldManager } from '../field-manager.ts'
import type { Buckets } from '../load/buckets.ts'
import type { MemberDesk, MemberRequest, ProvenRequest } from '../member/member-desk.ts'
import { judgeLive, type MembershipDeps } from '../member/membership.ts'
import { replyToNonMember } from '../member/non-member.ts'
import { decideRekey } from './rekey.decide.ts'

export interface RekeyDeps extends MembershipDeps {
  readonly client: KubeClient
  readonly desk: MemberDesk
  readonly clusters: MembershipDeps['clusters'] & Pick<ClusterLookup, 'byKey'>
  readonly events: EventRecorder
  readonly suspect: Suspect
  /** How often a Cluster may get another key: the desk counts by key, and each new one begins afresh there. */
  readonly pace: Buckets
  /** The interval that members are told, milliseconds. */
  readonly interval: () => number
  readonly clock: Clock
  readonly log: Logger
}

export interface RekeyService {
  /** Throws `ProtocolError` for what is answered without a signature, `KubeApiError` where the API server fails. */
  rekey(request: MemberRequest): Promise<Answer>
}

/** Shorter than that of a heartbeat, milliseconds: what was captured is of no use for longer than a captured join. */
export const rekeyNonceLifetime = 60_000

/** A Cluster has few writers; so many conflicts in a row do not happen. */
const maxRounds = 8

const expected = {
  path: rekeyPath,
  schema: rekeySchema,
  called: 'the request for another key',
  nonceLifetime: rekeyNonceLifetime,
}

export function createRekeyService(deps: RekeyDeps): RekeyService {
  return {
    async rekey(request) {
      return deps.desk.answer(request, expected, async (proven, body) => replyTo(deps, proven, body))
    },
  }
}

async function replyTo(deps: RekeyDeps, proven: ProvenRequest, { request }: Rekey): Promise<Reply> {
  const { uid, keyId } = proven.claim
  const subject = { primaryUid: proven.issuer.uid, uid, oldKeyId: keyId }
  for (let round = 0; round < maxRounds; round += 1) {
    const verdict = await judgeLive(deps, proven)
    if (verdict.kind !== 'member') return replyToNonMember(verdict, proven, deps.suspect)
    // Only now: a signature of a stranger is not worth verifying.
    const next = await verifyRekeyRequest(request, subject)
    if (await takeOver(deps, proven, { cluster: verdict.cluster, next })) return accepted(deps, proven, next)
  }
  throw new ProtocolError('Busy', 'the key could not be replaced')
}

/** False where somebody has written the Cluster meanwhile, so that it has to be judged again. Throws `KeyRefused`. */
async function takeOver(
  deps: RekeyDeps,
  proven: ProvenRequest,
  { cluster, next }: { readonly cluster: Cluster; readonly next: PublicKey },
): Promise<boolean> {
  const { member } = cluster.spec
  if (member === undefined) return false
  const decision = decideRekey({
    cluster,
    member,
    provenKeyId: proven.claim.keyId,
    next,
    primaryKeyIds: proven.keyring.held.map(({ key }) => key.thumbprint),
    holder: deps.clusters.byKey(next.thumbprint),
    now: deps.clock.now(),
  })
  switch (decision.kind) {
    case 'refuse':
      throw new ProtocolError('KeyRefused', decision.what)
    case 'repeat':
      return true
    case 'replace':
      assertPace(deps, cluster)
      try {
        await write(deps, cluster, { member, replaced: decision.member })
      } catch (error) {
        if (isConflict(error)) return false
        throw error
      }
      tell(deps, cluster, decision.member)
      return true
  }
}

/** A member that changes its key without end would cost two writes and an Event each time. Throws `Busy`. */
function assertPace({ pace }: RekeyDeps, { metadata }: Cluster): void {
  const wait = pace.take(metadata.uid ?? metadata.name)
  if (wait > 0) throw new ProtocolError('Busy', 'this member changes its key too often', { retryAfterMs: wait })
}

/** Bound to the object and the version that were judged. Throws `KubeApiError`. */
async function write(
  { client }: RekeyDeps,
  cluster: Cluster,
  { member, replaced }: { readonly member: ClusterMember; readonly replaced: Partial<ClusterMember> },
): Promise<void> {
  const { uid } = cluster.metadata
  const pinned = cluster.status?.keyId === undefined ? await pinUsedKey(client, cluster, member) : cluster
  const { resourceVersion } = pinned.metadata
  const patch = { metadata: { uid, resourceVersion }, spec: { member: replaced } }
  await client.mergePatch(clusterKind, keyOf(cluster), patch, { fieldManager })
}

/** A status of a version that had only one key names none: without it, the new key would count as used from the start. */
async function pinUsedKey(client: KubeClient, cluster: Cluster, { keyId }: ClusterMember): Promise<Cluster> {
  const { uid, resourceVersion } = cluster.metadata
  const patch = { metadata: { uid, resourceVersion }, status: { keyId } }
  return client.mergePatch<Cluster>(clusterKind, keyOf(cluster), patch, { fieldManager, subresource: 'status' })
}

function tell(
  { events, log }: RekeyDeps,
  cluster: Cluster,
  member: Pick<ClusterMember, 'keyId' | 'previousKeyId'>,
): void {
  const { name } = cluster.metadata
  const { keyId, previousKeyId } = member
  const reason: Reason = 'KeyChanged'
  const note = `${name} has proved itself with its key ${previousKeyId} and replaced it by ${keyId}; if nobody of yours has asked for that, delete this Cluster and join again with a new token`
  events.record({ regarding: cluster, type: 'Normal', reason, note })
  log.info({ cluster: name, keyId, previousKeyId }, 'key replaced')
}

/** The token names the new key; without that key it is worthless. */
async function accepted(deps: RekeyDeps, proven: ProvenRequest, { thumbprint }: PublicKey): Promise<Reply> {
  const { issuer, clusterName, claim } = proven
  const subject = { clusterName, uid: claim.uid, thumbprint }
  const token = await signMembershipToken(issuer, subject, deps.clock.now())
  return { status: 'ok', interval: deps.interval() / 1000, token }
}
