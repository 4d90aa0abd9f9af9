/**
 * Answers a member that leaves: a live Cluster is deleted, and the word that it was disconnected is taken as heard. It
 * only ever ends what is older than the request, so that one which is sent again ends no later membership.
 */
import { type Cluster, clusterKind } from '../../api/cluster.ts'
import type { Reason } from '../../api/reasons.ts'
import type { KubeClient } from '../../kube/client.ts'
import type { EventRecorder } from '../../kube/events.ts'
import { keyOf } from '../../kube/objects.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { clockTolerance } from '../../protocol/nonce.ts'
import { leaveSchema, type Reply } from '../../protocol/reply.ts'
import { leavePath } from '../../protocol/wire.ts'
import type { Answer } from '../answer.ts'
import type { Suspect } from '../cluster/suspect.ts'
import { type Tombstone, tombstoneOf } from '../cluster/tombstone.ts'
import type { Tombstones } from '../cluster/tombstones.ts'
import type { MemberDesk, MemberRequest, ProvenRequest } from '../member/member-desk.ts'
import { judgeLive, type MembershipDeps } from '../member/membership.ts'
import { replyToNonMember } from '../member/non-member.ts'

export interface LeaveDeps extends MembershipDeps {
  readonly client: KubeClient
  readonly desk: MemberDesk
  readonly tombstones: MembershipDeps['tombstones'] & Pick<Tombstones, 'store'>
  readonly events: EventRecorder
  readonly suspect: Suspect
  /** The interval that members are told, milliseconds. */
  readonly interval: () => number
  readonly clock: Clock
  readonly log: Logger
}

export interface LeaveService {
  /** Throws `ProtocolError` for what is answered without a signature, `KubeApiError` where the API server fails. */
  leave(request: MemberRequest): Promise<Answer>
}

/** Shorter than that of a heartbeat, milliseconds: what was captured is of no use for longer than a captured join. */
export const leaveNonceLifetime = 60_000

const expected = {
  path: leavePath,
  schema: leaveSchema,
  called: 'the request to leave',
  nonceLifetime: leaveNonceLifetime,
}

export function createLeaveService(deps: LeaveDeps): LeaveService {
  return {
    async leave(request) {
      return deps.desk.answer(request, expected, async (proven) => replyTo(deps, proven))
    },
  }
}

async function replyTo(deps: LeaveDeps, proven: ProvenRequest): Promise<Reply> {
  const verdict = await judgeLive(deps, proven)
  switch (verdict.kind) {
    case 'member':
    case 'leaving':
      await end(deps, verdict.cluster, proven)
      break
    case 'disconnected':
      await acknowledge(deps, verdict.tombstone, proven)
      break
    case 'unknown':
      // Gone already: an answer that was lost is asked for again.
      break
    case 'other-key':
    case 'stranger':
      return replyToNonMember(verdict, proven, deps.suspect)
  }
  return { status: 'ok', interval: deps.interval() / 1000 }
}

/** The tombstone comes first: after a crash between the two the cluster is a member still, and asks again. */
async function end(deps: LeaveDeps, cluster: Cluster, { nonceMadeAt }: ProvenRequest): Promise<void> {
  const { member } = cluster.spec
  if (member === undefined) return
  const { since } = member
  // The clock that wrote `since` may have been behind the one that made the nonce. A date that cannot be read lets
  // nobody through.
  if (!(nonceMadeAt >= Date.parse(since) + clockTolerance))
    throw new ProtocolError('NonceInvalid', 'the nonce is not younger than the membership')
  const { name } = cluster.metadata
  await deps.tombstones.store(tombstoneOf(cluster, member, { at: deps.clock.now(), isAcknowledged: true }))
  await deps.client.delete(clusterKind, keyOf(cluster), { uid: cluster.metadata.uid })
  const reason: Reason = 'Left'
  const note = `${name} left by itself; its Cluster is deleted, and it may join again with a valid join token`
  deps.events.record({ regarding: cluster, type: 'Normal', reason, note })
  deps.log.info({ cluster: name }, 'cluster left')
}

async function acknowledge(deps: LeaveDeps, tombstone: Tombstone, { nonceMadeAt }: ProvenRequest): Promise<void> {
  if (tombstone.isAcknowledged) return
  if (nonceMadeAt < tombstone.at) throw new ProtocolError('NonceInvalid', 'the nonce is older than the disconnection')
  await deps.tombstones.store({ ...tombstone, isAcknowledged: true })
  deps.log.debug({ cluster: tombstone.name }, 'disconnection acknowledged')
}
