/**
 * Which key this cluster proves itself with. Pure; a key that was made for another cluster is never used, because two
 * clusters with one key would be one member.
 */
import type { Identity } from '../../api/mc-identity.ts'
import type { OwnIdentity } from './own-identity.ts'

export interface IdentityObservation {
  /** UID of this cluster's `kube-system` namespace. */
  readonly ownUid: string
  /** `undefined`: no Secret; `damaged`: a Secret without a usable key. */
  readonly stored: (Identity & { readonly own: OwnIdentity }) | 'damaged' | undefined
  /** What this process has used so far. */
  readonly held: OwnIdentity | undefined
}

export type IdentityDecision =
  | { readonly kind: 'use'; readonly identity: OwnIdentity }
  /** There is none, and one is made when it is needed. */
  | { readonly kind: 'none' }
  | { readonly kind: 'write-back'; readonly identity: OwnIdentity }
  | { readonly kind: 'clone' }
  | { readonly kind: 'damaged' }

export function decideIdentity({ ownUid, stored, held }: IdentityObservation): IdentityDecision {
  if (stored === 'damaged') return { kind: 'damaged' }
  if (stored !== undefined && stored.clusterUid !== ownUid) return { kind: 'clone' }
  if (stored !== undefined) return { kind: 'use', identity: stored.own }
  // A member without its key could only come back with the help of the primary's administrator. Without a membership
  // the Secret was deleted to get another key.
  if (held?.joined !== undefined) return { kind: 'write-back', identity: held }
  return { kind: 'none' }
}
