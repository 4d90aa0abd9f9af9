/** Whether a key may take the place of a member's own: a pure function of the Cluster as just read and of who else has it. */
import type { Cluster, ClusterMember } from '../../api/cluster.ts'
import type { PublicKey } from '../../protocol/keys.ts'

export interface RekeyObservation {
  readonly cluster: Cluster
  readonly member: ClusterMember
  /** Thumbprint of the key that has signed the proof: the present one, or the one before while nobody has used that. */
  readonly provenKeyId: string
  /** The key that is to take its place. */
  readonly next: PublicKey
  /** Thumbprints of the primary's own keys. */
  readonly primaryKeyIds: readonly string[]
  /** The Cluster that has the next key already. */
  readonly holder: Cluster | undefined
  /** Wall clock, ms since the epoch. */
  readonly now: number
}

export type RekeyDecision =
  /** It is the member's key already: an answer was lost. */
  | { readonly kind: 'repeat' }
  | { readonly kind: 'replace'; readonly member: Required<Pick<ClusterMember, ReplacedField>> }
  | { readonly kind: 'refuse'; readonly what: string }

type ReplacedField = 'publicKey' | 'keyId' | 'previousKeyId' | 'since'

type Rule = (observed: RekeyObservation) => string | undefined

/** Why a key is not taken; first match wins. */
const rules: readonly Rule[] = [
  isTheProvenOne, // it would replace itself
  wasReplaced, // who was locked out by a change of key would be let in again
  isThePrimarys, // the primary would be its own member
  belongsToAnother, // two clusters with one key are a clone
]

export function decideRekey(observed: RekeyObservation): RekeyDecision {
  const { member, provenKeyId, next, now } = observed
  for (const rule of rules) {
    const what = rule(observed)
    if (what !== undefined) return { kind: 'refuse', what }
  }
  if (next.thumbprint === member.keyId) return { kind: 'repeat' }
  const since = new Date(now).toISOString()
  return {
    kind: 'replace',
    member: { publicKey: next.x, keyId: next.thumbprint, previousKeyId: provenKeyId, since },
  }
}

function isTheProvenOne({ next, provenKeyId }: RekeyObservation): string | undefined {
  return next.thumbprint === provenKeyId ? 'the new key is the one that it would replace' : undefined
}

function wasReplaced({ next, member }: RekeyObservation): string | undefined {
  return next.thumbprint === member.previousKeyId ? 'the new key has been replaced before' : undefined
}

function isThePrimarys({ next, primaryKeyIds }: RekeyObservation): string | undefined {
  return primaryKeyIds.includes(next.thumbprint) ? "the new key is the primary's own" : undefined
}

function belongsToAnother({ next, holder, cluster }: RekeyObservation): string | undefined {
  const isOther = holder?.spec.member?.keyId === next.thumbprint && holder.metadata.uid !== cluster.metadata.uid
  return isOther ? 'the new key belongs to another cluster' : undefined
}
