/**
 * What keeps a membership truthful: the addresses that the primary names, and `mc-cluster-info` as users and programs
 * read it. Pure.
 */
import { type ClusterInfo, encodeClusterInfo } from '../../api/mc-cluster-info.ts'
import type { StoredMembership } from '../../api/membership.ts'
import type { Contact } from './heartbeat.decide.ts'

/** The membership with what the last reply has taught; the same object where that is nothing new. */
export function updatedMembership(membership: StoredMembership, contact: Contact): StoredMembership {
  if (contact.word.kind !== 'ok') return membership
  const endpoint = contact.endpoint ?? membership.endpoint
  const endpoints = contact.endpoints ?? membership.endpoints
  const isSame = endpoint === membership.endpoint && JSON.stringify(endpoints) === JSON.stringify(membership.endpoints)
  return isSame ? membership : { ...membership, endpoint, endpoints }
}

/** Whether `mc-cluster-info` has been deleted or changed by somebody. */
export function isRestoreDue(joined: ClusterInfo, stored: Readonly<Record<string, string>> | undefined): boolean {
  return Object.entries(encodeClusterInfo(joined)).some(([key, value]) => stored?.[key] !== value)
}
