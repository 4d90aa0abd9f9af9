/**
 * What keeps a membership truthful: the addresses, the keys and the token that the primary names, and `mc-cluster-info` as
 * users and programs read it. Pure.
 */
import { type ClusterInfo, encodeClusterInfo } from '../../api/mc-cluster-info.ts'
import type { StoredMembership } from '../../api/membership.ts'
import type { Redacted } from '../../lib/redacted.ts'
import type { PublicKey } from '../../protocol/keys.ts'
import { readMembershipToken, signerOfMembershipToken } from '../../protocol/membership-token.ts'
import type { Contact } from './heartbeat.decide.ts'
import { keysAfter, trustedKeys } from './primary-keys.ts'

/** The membership with what the last reply has taught; the same object where that is nothing new. */
export function updatedMembership(membership: StoredMembership, contact: Contact): StoredMembership {
  if (contact.word.kind !== 'ok') return membership
  const endpoint = contact.endpoint ?? membership.endpoint
  const endpoints = contact.endpoints ?? membership.endpoints
  const keys = keysAfter(membership.keys, contact.keys)
  const isSame =
    endpoint === membership.endpoint &&
    JSON.stringify(endpoints) === JSON.stringify(membership.endpoints) &&
    keys === membership.keys
  return isSame ? membership : { ...membership, endpoint, endpoints, keys }
}

/**
 * The communication token with what the last reply has given: another one is taken only where the present one names another
 * key than this cluster has, or is not signed by the key of the primary that is named to it, and the other one is right in
 * both. Whoever is told a new one with each reply would else never rest.
 */
export function updatedToken({ membership, token }: ClusterInfo, key: PublicKey, contact: Contact): Redacted<string> {
  const [signer] = trustedKeys(membership)
  const isRight = (other: Redacted<string>) => isTokenOf(other, { key, signer })
  return contact.token === undefined || isRight(token) || !isRight(contact.token) ? token : contact.token
}

/** Whether a token names this key, and says that it is signed by that one. */
function isTokenOf(
  token: Redacted<string>,
  { key, signer }: { readonly key: PublicKey; readonly signer: PublicKey | undefined },
): boolean {
  try {
    const text = token.reveal()
    return readMembershipToken(text).cnf.jkt === key.thumbprint && signerOfMembershipToken(text) === signer?.thumbprint
  } catch {
    return false
  }
}

/** Whether `mc-cluster-info` has been deleted or changed by somebody. */
export function isRestoreDue(joined: ClusterInfo, stored: Readonly<Record<string, string>> | undefined): boolean {
  return Object.entries(encodeClusterInfo(joined)).some(([key, value]) => stored?.[key] !== value)
}
