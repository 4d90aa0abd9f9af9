/**
 * Whether this cluster is to change its key, and how far it has come. Pure. A new key is stored before anybody hears of it,
 * and another key than the present one is tried only where the primary has said, signed, that it does not take that one.
 */
import type { SigningKey } from '../../protocol/keys.ts'
import type { OwnIdentity } from '../identity/own-identity.ts'
import type { Word } from './heartbeat.decide.ts'

export interface RekeyObservation {
  readonly identity: OwnIdentity | undefined
  /** The value of the annotation `rotate`; empty where there is none. */
  readonly asked: string
  /** What the primary last said to the present key. */
  readonly word: Word
}

export type RekeyDecision =
  | { readonly kind: 'rest' }
  /** Make a key and store it, for this value of the annotation. */
  | { readonly kind: 'make'; readonly identity: OwnIdentity; readonly value: string }
  /** Ask the primary to take the key that was made. */
  | { readonly kind: 'ask'; readonly identity: OwnIdentity; readonly next: SigningKey }
  /** Look which of these keys the primary takes, the first that it does. */
  | { readonly kind: 'try'; readonly identity: OwnIdentity; readonly keys: readonly SigningKey[] }

const rest: RekeyDecision = { kind: 'rest' }

export function decideRekey({ identity, asked, word }: RekeyObservation): RekeyDecision {
  if (identity?.joined === undefined) return rest
  switch (word.kind) {
    case 'disconnected':
      return rest
    case 'unknown':
    case 'other-key': {
      const keys = otherKeysOf(identity)
      return keys.length === 0 ? rest : { kind: 'try', identity, keys }
    }
    case 'none':
    case 'ok':
      if (identity.next !== undefined) return { kind: 'ask', identity, next: identity.next }
      return asked === '' || asked === identity.rotated ? rest : { kind: 'make', identity, value: asked }
  }
}

/** The next one first: the primary may have taken it, and its answer was lost. */
export function otherKeysOf({ next, previous }: OwnIdentity): readonly SigningKey[] {
  return [next, previous].flatMap((key) => key ?? [])
}
