/** A membership as its requests need it: who asks, for what, and how it may reach the primary. */
import type { ClusterInfo } from '../../api/mc-cluster-info.ts'
import type { SigningKey } from '../../protocol/keys.ts'
import type { OwnIdentity } from '../identity/own-identity.ts'

export interface Member {
  readonly key: SigningKey
  readonly info: ClusterInfo
  readonly allowHttp: boolean
  readonly allowUntrustedTls: boolean
}

/** Undefined while this cluster is not a member. */
export function memberOf(
  identity: OwnIdentity | undefined,
  { allowHttp, allowUntrustedTls }: Pick<Member, 'allowHttp' | 'allowUntrustedTls'>,
): Member | undefined {
  const info = identity?.joined
  return identity && info && { key: identity.key, info, allowHttp, allowUntrustedTls }
}

/** The membership of a former primary that is still to be told; undefined where there is none. */
export function formerMemberOf(
  identity: OwnIdentity | undefined,
  permissions: Pick<Member, 'allowHttp' | 'allowUntrustedTls'>,
): Member | undefined {
  return identity?.former && memberOf({ ...identity, joined: identity.former }, permissions)
}

/** Whether both are the same membership; where the primary is reached may differ. */
export function isSameMember(a: Member, b: Member): boolean {
  return a.key.thumbprint === b.key.thumbprint && a.info.token.reveal() === b.info.token.reveal()
}
