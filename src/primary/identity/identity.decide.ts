/**
 * What becomes of the primary's signing keys: used, made, written back or declared lost. Pure; whoever reads such a key is
 * the primary, so it is never made anew while anything relies on the old one.
 */
import type { StoredKeys } from './stored-keys.ts'

export interface IdentityObservation {
  /** The keys in the Secret. */
  readonly stored: StoredKeys | undefined
  /** The keys that this process has been signing with. */
  readonly held: StoredKeys | undefined
  /** Whether a Cluster has a member or a token Secret a token id. */
  readonly reliedOn: boolean
}

export type IdentityDecision =
  | { readonly kind: 'use'; readonly keys: StoredKeys }
  | { readonly kind: 'write-back'; readonly keys: StoredKeys }
  | { readonly kind: 'make' }
  | { readonly kind: 'lost' }

export function decideIdentity({ stored, held, reliedOn }: IdentityObservation): IdentityDecision {
  if (stored !== undefined) return { kind: 'use', keys: stored }
  if (held !== undefined) return { kind: 'write-back', keys: held }
  return reliedOn ? { kind: 'lost' } : { kind: 'make' }
}
