/**
 * What keeps a membership truthful: the addresses and the token that the primary names, and `mc-cluster-info` as users and programs
 * read it. Pure.
 */
import { type ClusterInfo, encodeClusterInfo } from '../../api/mc-cluster-info.ts'
import type { StoredMembership } from '../../api/membership.ts'
import type { Redacted } from '../../lib/redacted.ts'
import type { PublicKey } from '../../protocol/keys.ts'
import { readMembershipToken } from '../../protocol/membership-token.ts'
import type { Contact } from './heartbeat.decide.ts'

/** The membership with what the last reply has taught; the same object where that is nothing new. */
export function updatedMembership(membership: StoredMembership, contact: Contact): StoredMembership {
  if (contact.word.kind !== 'ok') return membership
  const endpoint = contact.endpoint ?? membership.endpoint
  const endpoints = contact.endpoints ?? membership.endpoints
  const isSame = endpoint === membership.endpoint && JSON.stringify(endpoints) === JSON.stringify(membership.endpoints)
  return isSame ? membership : { ...membership, endpoint, endpoints }
}

/**
 * The communication token with what the last reply has given: another one is taken only where the present one names another
 * key than this cluster has, and the other one this key. Whoever is told a new one with each reply would else never rest.
 */
export function updatedToken(token: Redacted<string>, key: PublicKey, contact: Contact): Redacted<string> {
  if (contact.token === undefined || keyNamedBy(token) === key.thumbprint) return token
  return keyNamedBy(contact.token) === key.thumbprint ? contact.token : token
}

function keyNamedBy(token: Redacted<string>): string | undefined {
  try {
    return readMembershipToken(token.reveal()).cnf.jkt
  } catch {
    return undefined
  }
}

/** Whether `mc-cluster-info` has been deleted or changed by somebody. */
export function isRestoreDue(joined: ClusterInfo, stored: Readonly<Record<string, string>> | undefined): boolean {
  return Object.entries(encodeClusterInfo(joined)).some(([key, value]) => stored?.[key] !== value)
}
