/**
 * Which keys of its primary a member trusts: the current one, and the next one once it has announced itself. A newer one is
 * named as soon as it is known; the older one is good until the primary says that the newer one is current.
 */
import type { StoredMembership } from '../../api/membership.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { PrimaryKeys } from '../../protocol/fields.ts'
import { type PublicKey, publicKeyFrom } from '../../protocol/keys.ts'
import { openNextKey, readNextKey } from '../../protocol/next-key.ts'

/** The newest first: it is the one to name. */
export function trustedKeys({ keys }: Pick<StoredMembership, 'keys'>): readonly PublicKey[] {
  const next = announcedKey(keys)
  const current = publicKeyFrom(keys.current.x)
  return next === undefined ? [current] : [next, current]
}

/**
 * The keys of an answer that the primary has signed, without a next one that does not sign for itself. Throws
 * `ProtocolError` `NotOurServer` where the current one is not the key that it is called.
 */
export async function believedKeys({ current, next }: PrimaryKeys, primaryUid: string): Promise<PrimaryKeys> {
  if (publicKeyFrom(current.x).thumbprint !== current.kid)
    throw new ProtocolError('NotOurServer', 'the primary names a key that is not the one it describes')
  return next === undefined || !(await announcesItself(next, primaryUid)) ? { current } : { current, next }
}

/** What is trusted after an answer; the same object where that is nothing new. */
export function keysAfter(trusted: PrimaryKeys, told: PrimaryKeys | undefined): PrimaryKeys {
  if (told === undefined || JSON.stringify(told) === JSON.stringify(trusted)) return trusted
  // A replica that lags behind announces what is current already: the key before it is not taken up again.
  return announcedKey(told)?.thumbprint === trusted.current.kid ? trusted : told
}

/** What the replies of a primary have said of its keys. */
export interface HeardKeys {
  /** As the last reply named them, as far as they are taken up. */
  readonly keys: PrimaryKeys | undefined
  /** Thumbprint of the next key that was taken back last: it is not taken up again before it is the current one. */
  readonly takenBack: string | undefined
}

/**
 * After a reply. Whoever names a key is told only by a replica that has just looked that the primary does not hold it; one
 * that announces it has perhaps not looked for long. Two that disagree would else have a member write with each heartbeat.
 */
export function keysHeard({ keys, takenBack }: HeardKeys, told: PrimaryKeys | undefined): HeardKeys {
  if (told === undefined) return { keys, takenBack }
  const announced = announcedKey(told)?.thumbprint
  if (announced !== undefined) return { keys: announced === takenBack ? { current: told.current } : told, takenBack }
  const before = keys && announcedKey(keys)?.thumbprint
  return { keys: told, takenBack: before === undefined || before === told.current.kid ? takenBack : before }
}

function announcedKey({ next }: PrimaryKeys): PublicKey | undefined {
  if (next === undefined) return undefined
  try {
    return readNextKey(next)
  } catch {
    // It was verified before it was stored; what somebody has made of it since announces nothing.
    return undefined
  }
}

async function announcesItself(next: string, primaryUid: string): Promise<boolean> {
  try {
    await openNextKey(next, primaryUid)
    return true
  } catch (error) {
    if (error instanceof ProtocolError) return false
    throw error
  }
}
