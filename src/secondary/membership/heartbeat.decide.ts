/**
 * What a heartbeat teaches. Pure; only a signed reply changes what the primary's word is, silence and unsigned answers
 * are remembered as a failure of contact and nothing else.
 */
import { Redacted } from '../../lib/redacted.ts'
import type { ProtocolError } from '../../protocol/errors.ts'
import type { Reply } from '../../protocol/reply.ts'
import { type HeardKeys, keysHeard } from './primary-keys.ts'

/** What the primary last said to this member. */
export type Word =
  /** Nothing since the membership began, or since this process did. */
  | { readonly kind: 'none' }
  | { readonly kind: 'ok' }
  /** `at`: milliseconds since the epoch, by the primary's clock. */
  | { readonly kind: 'disconnected'; readonly at: number }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'other-key' }

export interface Contact extends HeardKeys {
  readonly word: Word
  /** When the last signed reply came, wall clock. */
  readonly lastAt: number | undefined
  /** Why the last beat had no signed reply; undefined where it had one. */
  readonly failure: ProtocolError | undefined
  /** Where the last reply came from. */
  readonly endpoint: string | undefined
  /** What the primary named in its last `ok`. */
  readonly endpoints: readonly string[] | undefined
  /** What the primary gave in its last `ok` to take the place of the communication token. */
  readonly token: Redacted<string> | undefined
  /** Milliseconds between two beats, as the primary wishes it. */
  readonly interval: number
}

export type Beat =
  | { readonly kind: 'answered'; readonly reply: Reply; readonly endpoint: string }
  | { readonly kind: 'silent'; readonly error: ProtocolError }

/** The protocol's bounds for the interval, milliseconds. */
export const shortestInterval = 10_000
export const longestInterval = 600_000
/** The last second that RFC 3339 can write; a primary that names a later time means what it says all the same. Seconds. */
const endOfTime = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000
/** Part of the interval by which a beat comes earlier or later, so that many members spread. */
const spread = 0.2

/** Before the first beat; `interval` is seconds, as the join's result has it. */
export function noContact(interval = 20): Contact {
  return {
    word: { kind: 'none' },
    lastAt: undefined,
    failure: undefined,
    endpoint: undefined,
    endpoints: undefined,
    keys: undefined,
    takenBack: undefined,
    token: undefined,
    interval: clamped(interval),
  }
}

/** `now` is wall clock, milliseconds. */
export function contactAfter(contact: Contact, beat: Beat, now: number): Contact {
  if (beat.kind === 'silent') return { ...contact, failure: beat.error }
  const { reply, endpoint } = beat
  const heard = { ...contact, lastAt: now, failure: undefined, endpoint }
  switch (reply.status) {
    case 'ok':
      return {
        ...heard,
        word: { kind: 'ok' },
        endpoints: reply.endpoints ?? contact.endpoints,
        ...keysHeard(contact, reply.keys),
        token: reply.token === undefined ? undefined : new Redacted(reply.token),
        interval: clamped(reply.interval),
      }
    case 'Disconnected':
      return { ...heard, word: { kind: 'disconnected', at: Math.min(reply.at, endOfTime) * 1000 } }
    case 'UnknownCluster':
      return { ...heard, word: { kind: 'unknown' } }
    case 'KeyMismatch':
      return { ...heard, word: { kind: 'other-key' } }
  }
}

/** Whether somebody else has to look at it. */
export function isNews(before: Contact, after: Contact): boolean {
  return (
    before.word.kind !== after.word.kind ||
    before.failure?.code !== after.failure?.code ||
    before.endpoint !== after.endpoint ||
    JSON.stringify(before.endpoints) !== JSON.stringify(after.endpoints) ||
    JSON.stringify(before.keys) !== JSON.stringify(after.keys) ||
    (after.token !== undefined && before.token !== after.token)
  )
}

/** Milliseconds to the next beat: the interval ± 20 %, later where a busy primary asks for it. */
export function nextBeat({ interval, failure }: Contact, random: () => number): number {
  return Math.max(Math.round(interval * (1 - spread + random() * 2 * spread)), failure?.retryAfterMs ?? 0)
}

function clamped(seconds: number): number {
  return Math.min(Math.max(seconds * 1000, shortestInterval), longestInterval)
}
