/** What is said to whoever asks as a member and is none, or none any more. Who it is has been judged before. */
import type { Cluster } from '../../api/cluster.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Suspect } from '../cluster/suspect.ts'
import { suspicions } from '../cluster/suspicion.ts'
import type { ProvenRequest } from './member-desk.ts'
import type { MembershipVerdict } from './membership.decide.ts'

/** No nonce of a member lives so long, milliseconds. */
const longestNonceLife = 3_600_000

/**
 * The reply to sign. A disconnected cluster is told so even after the primary's own Cluster has gone too. Throws
 * `ProtocolError` for whom nothing is signed, and `NonceInvalid` for whom has to ask again before it is.
 */
export async function replyToNonMember(
  verdict: Exclude<MembershipVerdict, { kind: 'member' }>,
  { claim, nonceMadeAt }: Pick<ProvenRequest, 'claim' | 'nonceMadeAt'>,
  suspect: Suspect,
): Promise<Reply> {
  switch (verdict.kind) {
    case 'disconnected':
      return { status: 'Disconnected', at: Math.floor(verdict.tombstone.at / 1000) }
    case 'unknown':
      return { status: 'UnknownCluster' }
    case 'other-key':
      if (verdict.isReplaced) {
        // It may have been captured, or held up on its way: whoever has the key signs the fresh nonce at once.
        if (isOlderThanKey(verdict.cluster, nonceMadeAt))
          throw new ProtocolError('NonceInvalid', 'the nonce is older than the change of key')
        await suspect(verdict.cluster, suspicions.previousKeyUsed(claim.keyId))
      }
      return { status: 'KeyMismatch' }
    case 'leaving':
      throw new ProtocolError('Busy', 'the Cluster is being deleted')
    case 'stranger':
      throw new ProtocolError('ProofInvalid', 'the request does not come from a member')
  }
}

/** One that is older by more than nonces live shows a clock that was put back, and keeps nobody waiting until then. */
function isOlderThanKey({ spec }: Cluster, nonceMadeAt: number): boolean {
  const older = Date.parse(spec.member?.since ?? '') - nonceMadeAt
  return older > 0 && older < longestNonceLife
}
