/**
 * What `mc-join-status` should say and whether that is worth a write. Owns its annotations and the form of its
 * sentences; which status is due is decided in `join.decide.ts`.
 */
import { annotations as names } from '../../api/group.ts'
import type { Dialect } from '../../api/mc-join.ts'
import { decodeJoinStatus, encodeJoinStatus, type JoinStatus } from '../../api/mc-join-status.ts'
import { formatTimestamp, parseTimestamp } from '../../api/timestamp.ts'
import type { Secret } from '../../kube/objects.ts'
import type { Attempts } from './attempts.ts'

/** The words; when they were first said is added where they are written. */
export type Statement = Omit<JoinStatus, 'timestamp'>

export interface StoredStatus extends JoinStatus {
  readonly annotations: Readonly<Record<string, string>>
  /** As stored, for the casing of the dialects. */
  readonly data: Readonly<Record<string, string>>
}

type Annotations = Readonly<Record<string, string>>

export function readStatus(secret: Secret | undefined): StoredStatus | undefined {
  const status = decodeJoinStatus(secret?.data)
  if (status === undefined) return undefined
  return { ...status, annotations: secret?.metadata.annotations ?? {}, data: secret?.data ?? {} }
}

/** What to write, or undefined where the stored status says the same and its annotations are young enough. */
export function statusToWrite(
  stored: StoredStatus | undefined,
  next: { readonly statement: Statement; readonly annotations: Annotations; readonly dialect: Dialect },
  now: number,
): { data: Record<string, string>; annotations: Record<string, string> } | undefined {
  const { statement, dialect } = next
  const kept =
    stored === undefined ? undefined : encodeJoinStatus({ ...statement, timestamp: stored.timestamp }, dialect)
  const isSame = kept !== undefined && Object.entries(kept).every(([key, value]) => stored?.data[key] === value)
  if (isSame && !annotationsDue(stored?.annotations ?? {}, next.annotations, now)) return undefined
  const data = isSame ? kept : encodeJoinStatus({ ...statement, timestamp: formatTimestamp(now) }, dialect)
  return { data, annotations: { ...next.annotations } }
}

/** How old an annotation may become before it is refreshed, milliseconds. */
const refreshAfter = { [names.lastAttempt]: 30_000, [names.lastContact]: 600_000 } as const
const ours = [names.attempts, names.lastAttempt, names.nextRetry, names.lastContact, names.contactError]

function annotationsDue(stored: Annotations, next: Annotations, now: number): boolean {
  if (ours.some((name) => Object.hasOwn(stored, name) !== Object.hasOwn(next, name))) return true
  if (stored[names.contactError] !== next[names.contactError]) return true
  return Object.entries(refreshAfter).some(([name, age]) => {
    const text = stored[name]
    if (text === undefined || text === next[name]) return false
    const at = parseTimestamp(text)
    // One from the future was written by a clock that has been put right since.
    return at === undefined || at > now || now - at >= age
  })
}

/** How the tries of a join stand. `monotonic` and `now` are the same moment. */
export function progressAnnotations(attempts: Attempts, at: { monotonic: number; now: number }): Annotations {
  if (attempts.lastAt === undefined) return {}
  return {
    [names.attempts]: String(attempts.count),
    [names.lastAttempt]: formatTimestamp(attempts.lastAt),
    // Rounded up, so that it is later than the last attempt however short the wait is.
    [names.nextRetry]: formatTimestamp(Math.max(at.now + attempts.nextAt - at.monotonic, attempts.lastAt) + 1_000),
  }
}

/** How many tries the stored status counts for this content. */
export function countedAttempts(stored: StoredStatus | undefined, hash: string): number {
  const count = Number(stored?.annotations[names.attempts])
  return stored?.hash === hash && Number.isSafeInteger(count) && count > 0 ? count : 0
}

/** The code that a message begins with; empty where there is none. */
export function codeOf(msg: string): string {
  return /^([A-Za-z]+): /.exec(msg)?.[1] ?? ''
}

/**
 * The messages that are no errors. They have the form of all: a code, what is so, what to do. Their codes are the
 * secondary's own and stand here only: none is in the protocol's table, and none crosses the wire.
 */
export const messages = {
  waitsForConfig: (namespace: string) =>
    `WaitingForConfig: mc-join names no endpoint, so the join waits for the ConfigMap mc-join-config in the namespace ${namespace}; create it, all of its keys are optional`,
  asking: (endpoint: string) => `InProgress: asking the primary at ${endpoint}; nothing to do`,
  joined: (name: string, asked: string | undefined) =>
    asked === undefined || asked === name ? '' : `Joined as ${name}; the asked name ${asked} was not taken over`,
} as const
