/**
 * What `mc-join-status` says of the contact with the primary while this cluster is a member, and how often that changes: a
 * primary that answers every other heartbeat must not cost a write each. It writes nothing itself.
 */
import { annotations as names } from '../../api/group.ts'
import { formatTimestamp } from '../../api/timestamp.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Contact } from '../membership/heartbeat.decide.ts'
import type { StoredStatus } from './status.ts'

export interface ContactTeller {
  /** The annotations for this contact, and when to look again whether others are due, milliseconds. */
  tell(
    contact: Contact,
    stored: StoredStatus | undefined,
  ): { readonly annotations: Readonly<Record<string, string>>; readonly lookAgainMs: number }
}

/** How often `last-contact` is due, milliseconds. */
const lookEvery = 600_000
/** So many changes of `contact-error` in that time; the next one waits, and tells what is so by then. */
const mostChanges = 4

export function createContactTeller(clock: Pick<Clock, 'monotonic'>): ContactTeller {
  let said: string | undefined
  /** When what is stored was last seen to say something else. */
  let changes: readonly number[] = []

  return {
    tell(contact, stored) {
      const now = clock.monotonic()
      const stands = stored?.annotations[names.contactError]
      changes = [...changes, ...(stands === said ? [] : [now])].filter((at) => now - at < lookEvery)
      said = stands
      const annotations = contactAnnotations(contact, stored)
      const [first = now] = changes
      if (annotations[names.contactError] === stands || changes.length < mostChanges)
        return { annotations, lookAgainMs: lookEvery }
      const { [names.contactError]: _, ...rest } = annotations
      const kept = stands === undefined ? rest : { ...rest, [names.contactError]: stands }
      return { annotations: kept, lookAgainMs: first + lookEvery - now }
    },
  }
}

/** Whether the primary answers. What an earlier process has found out stays until this one has found out something. */
export function contactAnnotations(
  contact: Contact,
  stored: StoredStatus | undefined,
): Readonly<Record<string, string>> {
  const { lastAt, failure } = contact
  const before = stored?.annotations ?? {}
  const lastContact = lastAt === undefined ? before[names.lastContact] : formatTimestamp(lastAt)
  const error = failure?.explained() ?? (lastAt === undefined ? before[names.contactError] : undefined)
  return {
    ...(lastContact === undefined ? {} : { [names.lastContact]: lastContact }),
    ...(error === undefined ? {} : { [names.contactError]: error }),
  }
}
