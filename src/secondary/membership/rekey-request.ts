/** Asks the primary to take another key for this member, and gives its signed answer. It stores nothing. */

import type { Clock } from '../../lib/clock.ts'
import { Redacted } from '../../lib/redacted.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { SigningKey } from '../../protocol/keys.ts'
import { type Rekey, signRekeyRequest } from '../../protocol/rekey.ts'
import type { Reply } from '../../protocol/reply.ts'
import { rekeyPath } from '../../protocol/wire.ts'
import type { Member } from './member.ts'
import { type MemberLineDeps, openMemberLine } from './member-line.ts'

export interface RekeyRequestDeps extends MemberLineDeps {
  /** UID of this cluster's `kube-system` namespace. */
  readonly ownUid: string
  readonly clock: Pick<Clock, 'now'>
}

export type RekeyAnswer =
  /** `token` names the new key. */
  | { readonly kind: 'taken'; readonly token: Redacted<string> }
  | { readonly kind: 'refused'; readonly status: Exclude<Reply['status'], 'ok'> }

/**
 * `next` is stored already: the primary may take it, and its answer be lost. Throws `ProtocolError` where no signed answer
 * came; rejects with the signal's reason when that is aborted.
 */
export async function requestRekey(
  deps: RekeyRequestDeps,
  member: Member,
  { next, signal }: { readonly next: SigningKey; readonly signal: AbortSignal },
): Promise<RekeyAnswer> {
  const { clusterName, endpoint, primaryUid } = member.info.membership
  const subject = { primaryUid, uid: deps.ownUid, oldKeyId: member.key.thumbprint }
  const body: Rekey = { request: await signRekeyRequest(next, subject, deps.clock.now()) }
  const line = openMemberLine(deps, member)
  try {
    const { reply } = await line.ask({ path: rekeyPath(clusterName), body }, endpoint, signal)
    if (reply.status !== 'ok') return { kind: 'refused', status: reply.status }
    if (reply.token === undefined) throw new ProtocolError('NotOurServer', 'the primary took a key and gave no token')
    return { kind: 'taken', token: new Redacted(reply.token) }
  } finally {
    line.close()
  }
}
