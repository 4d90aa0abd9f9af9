/** What is said to whoever asks as a member and is none, or none any more. Who it is has been judged before. */
import { ProtocolError } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import type { Suspect } from '../cluster/suspect.ts'
import { suspicions } from '../cluster/suspicion.ts'
import type { MembershipVerdict } from './membership.decide.ts'

/**
 * The reply to sign; `keyId` is the key that has asked. A disconnected cluster is told so even after the primary's own
 * Cluster has gone too. Throws `ProtocolError` for whom nothing is signed.
 */
export async function replyToNonMember(
  verdict: Exclude<MembershipVerdict, { kind: 'member' }>,
  keyId: string,
  suspect: Suspect,
): Promise<Reply> {
  switch (verdict.kind) {
    case 'disconnected':
      return { status: 'Disconnected', at: Math.floor(verdict.tombstone.at / 1000) }
    case 'unknown':
      return { status: 'UnknownCluster' }
    case 'other-key':
      if (verdict.isReplaced) await suspect(verdict.cluster, suspicions.previousKeyUsed(keyId))
      return { status: 'KeyMismatch' }
    case 'leaving':
      throw new ProtocolError('Busy', 'the Cluster is being deleted')
    case 'stranger':
      throw new ProtocolError('ProofInvalid', 'the request does not come from a member')
  }
}
