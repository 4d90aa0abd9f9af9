/**
 * What a secondary is to its primary: its keys, and its membership where it has one; and the steps by which one key takes
 * the place of another. Holds secrets; stores nothing.
 */
import type { ClusterInfo } from '../../api/mc-cluster-info.ts'
import type { Redacted } from '../../lib/redacted.ts'
import type { SigningKey } from '../../protocol/keys.ts'

export interface OwnIdentity {
  readonly key: SigningKey
  /** Absent while this cluster is not a member. */
  readonly joined?: ClusterInfo
  /** Made to take the place of `key`; the primary may have taken it already, where its answer was lost. */
  readonly next?: SigningKey
  /** The one that `key` has taken the place of. A primary that was restored from a backup may know only that. */
  readonly previous?: SigningKey
  /** The value of the annotation `rotate` that was taken up last. */
  readonly rotated?: string
}

/** A new key is made, for this value of the annotation `rotate`. */
export function withNextKey(identity: OwnIdentity, next: SigningKey, rotated: string): OwnIdentity {
  return { ...identity, next, rotated }
}

/** The primary has taken this key of ours; `token` names it. The one before is kept until the next change. */
export function withKey(identity: OwnIdentity, key: SigningKey, token?: Redacted<string>): OwnIdentity {
  const { next: _next, joined, key: previous, ...rest } = identity
  const info = joined && { ...joined, token: token ?? joined.token }
  return { ...rest, key, previous, ...(info === undefined ? {} : { joined: info }) }
}

/** The primary will never take the next key. */
export function withoutNextKey({ next: _next, ...rest }: OwnIdentity): OwnIdentity {
  return rest
}
