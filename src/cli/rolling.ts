/** How a primary is told to replace its signing key, or to give one up, and how that begins: its leader does the rest. */
import { annotations } from '../api/group.ts'
import { decodePrimaryIdentity, primaryIdentityName, readCompromised } from '../api/primary-identity.ts'
import { formatTimestamp } from '../api/timestamp.ts'
import type { KubeClient } from '../kube/client.ts'
import { keyOf, type Secret, secretKind } from '../kube/objects.ts'
import type { Redacted } from '../lib/redacted.ts'
import { announcedFor } from '../primary/identity/roll.decide.ts'
import { signingKeyFromPem } from '../protocol/keys.ts'
import type { Changes } from './changes.ts'

/** The names of a primary's keys: their thumbprints. */
export interface RollView {
  readonly current: string
  readonly next: string | undefined
  readonly retired: readonly string[]
  /** When the next key was announced, ms since the epoch. */
  readonly announcedAt: number | undefined
  /** The value of the annotation `rotate` that has been followed. */
  readonly rotated: string | undefined
}

/** Throws `KubeApiError`. */
export async function readPrimarySecret(client: KubeClient, namespace: string): Promise<Secret | undefined> {
  return client.get(secretKind, { namespace, name: primaryIdentityName })
}

/** Undefined where the Secret holds no key that can be read. */
export function rollOf(secret: Secret | undefined): RollView | undefined {
  const identity = secret && decodePrimaryIdentity(secret)
  const current = identity && keyId(identity.privateKey)
  if (current === undefined) return undefined
  return {
    current,
    next: identity?.next && keyId(identity.next.privateKey),
    retired: (identity?.retired ?? []).flatMap((pem) => keyId(pem) ?? []),
    announcedAt: identity?.next?.announcedAt,
    rotated: identity?.rotated,
  }
}

/** Every key that the primary holds, the current one first. */
export function heldBy({ current, next, retired }: RollView): readonly string[] {
  return [current, ...(next === undefined ? [] : [next]), ...retired]
}

/** The wish, by which its end is recognised. `now` is ms since the epoch. Throws `KubeApiError`. */
export async function askForRoll(changes: Changes, secret: Secret, now: number): Promise<string> {
  const value = new Date(now).toISOString()
  await annotate(changes, secret, { [annotations.rotate]: value })
  return value
}

/** What is known of a key that is announced and not yet current; undefined where there is none. */
export function announcementOf({ next, announcedAt = 0 }: RollView): string | undefined {
  if (next === undefined) return undefined
  const latest = formatTimestamp(announcedAt + announcedFor)
  return `the next signing key is ${next}; it becomes the current one when every member has named it, at ${latest} at the latest`
}

/** Beside those that were given up before: such a key is never taken up again. Throws `KubeApiError`. */
export async function giveUp(changes: Changes, secret: Secret, kid: string): Promise<void> {
  const named = new Set([...readCompromised(secret.metadata.annotations), kid])
  await annotate(changes, secret, { [annotations.compromised]: [...named].join(',') })
}

/** Bound to what was read: two that name a key at once must not undo each other. */
async function annotate(changes: Changes, secret: Secret, marks: Record<string, string>): Promise<void> {
  const { uid, resourceVersion } = secret.metadata
  await changes.patch(
    secretKind,
    keyOf(secret),
    { metadata: { uid, resourceVersion, annotations: marks } },
    'annotated',
  )
}

function keyId(pem: Redacted<string>): string | undefined {
  try {
    return signingKeyFromPem(pem.reveal()).thumbprint
  } catch {
    return undefined
  }
}
