/**
 * What becomes of the primary's signing key: used, made, written back or declared lost. Pure; whoever reads this key is
 * the primary, so it is never made anew while anything relies on the old one.
 */
import type { SigningKey } from '../../protocol/keys.ts'

export interface IdentityObservation {
  /** The key in the Secret. */
  readonly stored: SigningKey | undefined
  /** The key that this process has been signing with. */
  readonly held: SigningKey | undefined
  /** Whether a Cluster has a member or a token Secret a token id. */
  readonly reliedOn: boolean
}

export type IdentityDecision =
  | { readonly kind: 'use'; readonly key: SigningKey }
  | { readonly kind: 'write-back'; readonly key: SigningKey }
  | { readonly kind: 'make' }
  | { readonly kind: 'lost' }

export function decideIdentity({ stored, held, reliedOn }: IdentityObservation): IdentityDecision {
  if (stored !== undefined) return { kind: 'use', key: stored }
  if (held !== undefined) return { kind: 'write-back', key: held }
  return reliedOn ? { kind: 'lost' } : { kind: 'make' }
}
