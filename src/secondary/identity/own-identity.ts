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
  /** The membership of another primary that is still to be told that this cluster is a member elsewhere. */
  readonly former?: ClusterInfo
  /** Made to take the place of `key`; the primary may have taken it already, where its answer was lost. */
  readonly next?: SigningKey
  /** The one that `key` has taken the place of. A primary that was restored from a backup may know only that. */
  readonly previous?: SigningKey
  /** The value of the annotation `rotate` that was taken up last. */
  readonly rotated?: string
}

/** This cluster is a member of another primary from now on, or of the same one anew. */
export function withMembership(identity: OwnIdentity, joined: ClusterInfo): OwnIdentity {
  const { former: untold, ...rest } = identity
  // Who is still to be told goes before whom this cluster has seen for a moment only: that one forgets it by itself.
  const former = [untold, identity.joined].find(
    (info) => info !== undefined && info.membership.primaryUid !== joined.membership.primaryUid,
  )
  return { ...rest, joined, ...(former === undefined ? {} : { former }) }
}

/** This cluster is no member any more. Its key stays, and so does whoever is still to be told. */
export function withoutMembership({ key, former }: OwnIdentity): OwnIdentity {
  return { key, ...(former === undefined ? {} : { former }) }
}

/** The former primary has been told, or could not be. */
export function withoutFormer({ former: _former, ...rest }: OwnIdentity): OwnIdentity {
  return rest
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
