/** A membership as the heartbeat needs it: who beats, for what, and how it may reach the primary. */
import type { ClusterInfo } from '../../api/mc-cluster-info.ts'
import type { SigningKey } from '../../protocol/keys.ts'

export interface Member {
  readonly key: SigningKey
  readonly info: ClusterInfo
  readonly allowHttp: boolean
  readonly allowUntrustedTls: boolean
}

/** Whether both are the same membership; where the primary is reached may differ. */
export function isSameMember(a: Member, b: Member): boolean {
  return a.key.thumbprint === b.key.thumbprint && a.info.token.reveal() === b.info.token.reveal()
}
