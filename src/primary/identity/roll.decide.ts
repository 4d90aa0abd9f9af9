/**
 * When the primary's signing keys come and go. Pure. A key that somebody may still trust is held: whoever was away for the
 * whole roll is answered by the old one, and learns the new one so.
 */
import type { SigningKey } from '../../protocol/keys.ts'
import { clockTolerance } from '../../protocol/nonce.ts'
import type { StoredKeys } from './stored-keys.ts'

export interface RollObservation {
  readonly keys: StoredKeys
  /** The annotation `rotate`. */
  readonly asked: string | undefined
  /** Of each member: thumbprint of the key that it last named; undefined where it has named none. */
  readonly members: readonly (string | undefined)[]
  /** The same of each former member that has still to hear that it was disconnected. */
  readonly former: readonly (string | undefined)[]
  /** Thumbprints of the keys that the stored join tokens pin. */
  readonly pinned: ReadonlySet<string>
  /** Wall clock, ms since the epoch. */
  readonly now: number
}

export type RollDecision =
  /** Look again after `afterMs`; where it is absent only a change can make something due. */
  | { readonly kind: 'nothing'; readonly afterMs?: number }
  /** A next key is made and told to the members. */
  | { readonly kind: 'announce' }
  /** The next key becomes current, and the current one retires. */
  | { readonly kind: 'promote' }
  /** These retired keys are trusted by nobody any more. */
  | { readonly kind: 'drop'; readonly kids: readonly string[] }
  /** Somebody else may have these keys. */
  | { readonly kind: 'give-up'; readonly kids: readonly string[] }

/** A member that is away for longer than this learns of the roll from the key it knows. Milliseconds. */
export const announcedFor = 7 * 24 * 3_600_000
/** No key goes sooner after it retired, milliseconds: what it has made, a nonce for the longest, is on its way. */
export const retiredAtLeast = 3_600_000

export function decideRoll(observed: RollObservation): RollDecision {
  const { keys, asked, now } = observed
  const compromised = kidsOf(keys).filter((kid) => keys.compromised.includes(kid))
  // First, whatever else is due: each moment counts.
  if (compromised.length > 0) return { kind: 'give-up', kids: compromised }
  if (keys.next === undefined) {
    if (asked !== undefined && asked !== keys.rotated) return { kind: 'announce' }
  } else if (isPromotionDue(observed, keys.next)) return { kind: 'promote' }
  const held = keys.retired.length === 0 ? 0 : left(keys.promotedAt ?? 0, retiredAtLeast, now)
  const kids = held > 0 ? [] : unusedKeys(observed)
  if (kids.length > 0) return { kind: 'drop', kids }
  const announced = keys.next === undefined ? 0 : left(keys.next.announcedAt, announcedFor, now)
  const ahead = [held, announced].filter((ms) => ms > 0)
  return ahead.length === 0 ? { kind: 'nothing' } : { kind: 'nothing', afterMs: Math.min(...ahead) }
}

/** The keys as they are after the decision; `make` makes a key. */
export function rolledKeys(
  { keys, asked, now }: Pick<RollObservation, 'keys' | 'asked' | 'now'>,
  decision: Exclude<RollDecision, { kind: 'nothing' }>,
  make: () => SigningKey,
): StoredKeys {
  switch (decision.kind) {
    case 'announce':
      return { ...keys, next: { key: make(), announcedAt: now }, rotated: asked }
    case 'promote': {
      const { current, next, retired, compromised } = keys
      if (next === undefined) return keys
      // Whoever asked again in the meantime has got what he wanted.
      return { current: next.key, retired: [...retired, current], promotedAt: now, rotated: asked, compromised }
    }
    case 'drop':
      return { ...keys, retired: without(keys.retired, decision.kids) }
    case 'give-up':
      return givenUp(keys, decision.kids, make, now)
  }
}

/** A next key beside a current one that was read lay in the same Secret: nobody else has named it yet, and so it goes too. */
function givenUp(keys: StoredKeys, kids: readonly string[], make: () => SigningKey, now: number): StoredKeys {
  const retired = without(keys.retired, kids)
  if (kids.includes(keys.current.thumbprint))
    return { ...keys, current: make(), next: undefined, retired, promotedAt: now }
  const next = keys.next !== undefined && kids.includes(keys.next.key.thumbprint) ? undefined : keys.next
  return { ...keys, next, retired }
}

function isPromotionDue({ members, now }: RollObservation, next: NonNullable<StoredKeys['next']>): boolean {
  return left(next.announcedAt, announcedFor, now) === 0 || members.every((named) => named === next.key.thumbprint)
}

/**
 * Milliseconds that are left of a wait; none where it began in the future: the clock was put back since, and would make it
 * last until then. Either step is safe before its time, for whoever still trusts the older key keeps it from being dropped.
 */
function left(since: number, wait: number, now: number): number {
  return since > now + clockTolerance ? 0 : Math.max(0, since + wait - now)
}

/** Trusted by no member and pinned by no token: every one has named a younger key, or one that is not held any more. */
function unusedKeys({ keys, members, former, pinned }: RollObservation): readonly string[] {
  const order = kidsOf(keys)
  const oldest = [...members, ...former].reduce((least, named) => {
    const place = named === undefined ? 0 : order.indexOf(named)
    return place < 0 ? least : Math.min(least, place)
  }, order.length)
  return keys.retired.map(({ thumbprint }) => thumbprint).filter((kid, place) => place < oldest && !pinned.has(kid))
}

/** The oldest first. */
function kidsOf({ current, next, retired }: StoredKeys): readonly string[] {
  return [...retired, current, ...(next === undefined ? [] : [next.key])].map(({ thumbprint }) => thumbprint)
}

function without(keys: readonly SigningKey[], kids: readonly string[]): readonly SigningKey[] {
  return keys.filter(({ thumbprint }) => !kids.includes(thumbprint))
}
