/**
 * Answers a member's heartbeat: judges who sends it, remembers the sighting, and says what the member is told.
 */
import type { Clock } from '../../lib/clock.ts'
import { signerOfMembershipToken, signMembershipToken } from '../../protocol/membership-token.ts'
import { type Heartbeat, type HeartbeatBody, heartbeatBodySchema, type Reply } from '../../protocol/reply.ts'
import { heartbeatPath } from '../../protocol/wire.ts'
import type { Answer } from '../answer.ts'
import type { Suspect } from '../cluster/suspect.ts'
import { suspicions } from '../cluster/suspicion.ts'
import type { MemberLabels } from '../labels/member-labels.ts'
import type { MemberDesk, MemberRequest, ProvenRequest } from '../member/member-desk.ts'
import { judgeQuickly, type MembershipDeps } from '../member/membership.ts'
import { replyToNonMember } from '../member/non-member.ts'
import { primaryKeys, type ServingPrimary } from '../state.ts'
import type { BootIds } from './boot-ids.ts'
import type { Confirmation } from './confirmation.ts'
import type { Elsewhere } from './runs.decide.ts'

export interface HeartbeatDeps extends MembershipDeps {
  readonly desk: MemberDesk
  /** Throws `ProtocolError` `Busy` while there is no primary that could have members. */
  readonly serving: () => ServingPrimary
  /** The interval that members are told, milliseconds. */
  readonly interval: () => number
  readonly confirmation: Pick<Confirmation, 'heard'>
  readonly bootIds: BootIds
  /** The last heartbeat of the cluster of this uid that another replica tells of. */
  readonly elsewhere: (uid: string) => Elsewhere | undefined
  readonly suspect: Suspect
  readonly clock: Pick<Clock, 'now'>
  readonly labels: Pick<MemberLabels, 'reported'>
}

export interface HeartbeatService {
  /** Throws `ProtocolError` for what is answered without a signature, `KubeApiError` where the API server fails. */
  heartbeat(request: MemberRequest): Promise<Answer>
}

/** A member's nonce lives at least this long, milliseconds. */
export const leastNonceLifetime = 5 * 60_000

const expected = { path: heartbeatPath, schema: heartbeatBodySchema, called: 'the heartbeat' }

export function createHeartbeatService(deps: HeartbeatDeps): HeartbeatService {
  return {
    async heartbeat(request) {
      const nonceLifetime = Math.max(leastNonceLifetime, 3 * deps.interval())
      return deps.desk.answer(request, { ...expected, nonceLifetime }, async (proven, body) =>
        replyTo(deps, proven, body),
      )
    },
  }
}

async function replyTo(deps: HeartbeatDeps, proven: ProvenRequest, body: HeartbeatBody): Promise<Reply> {
  const { claim } = proven
  const verdict = await judgeQuickly(deps, proven)
  if (verdict.kind !== 'member') return replyToNonMember(verdict, proven, deps.suspect)
  const primary = deps.serving()
  const { labels = {}, ...heartbeat } = body
  const trusted = trustedKey(proven, heartbeat)
  const run = { keyId: claim.keyId, boot: proven.boot }
  await deps.confirmation.heard(verdict.cluster, heartbeat, run, trusted)
  deps.labels.reported(verdict.cluster, labels)
  if (deps.bootIds.heard(proven.clusterName, run, deps.elsewhere(claim.uid)))
    await deps.suspect(verdict.cluster, suspicions.bootIdsAlternate())
  return {
    status: 'ok',
    interval: primary.interval / 1000,
    keys: primaryKeys(primary.keyring),
    endpoints: [primary.endpoint],
    ...(await renewedToken(deps, proven, heartbeat)),
  }
}

/**
 * The key that the member named, once its communication token is signed by it too: the older key may be dropped then, and
 * the member is known for what it was also when its Cluster has gone.
 */
function trustedKey({ token }: ProvenRequest, { kid }: Heartbeat): string | undefined {
  return signerOfMembershipToken(token) === kid ? kid : undefined
}

/**
 * For a member whose key has changed without an answer that told it, so that its token names a key that it has no more; and
 * for one that trusts another key of the primary than the one under its token. Nothing of the old token is taken over that
 * the Cluster does not say too.
 */
async function renewedToken(
  { clock }: HeartbeatDeps,
  proven: ProvenRequest,
  heartbeat: Heartbeat,
): Promise<{ readonly token?: string }> {
  const { uid, keyId, tokenKeyId } = proven.claim
  if (tokenKeyId === keyId && trustedKey(proven, heartbeat) === heartbeat.kid) return {}
  const { issuer, clusterName } = proven
  return { token: await signMembershipToken(issuer, { clusterName, uid, thumbprint: keyId }, clock.now()) }
}
