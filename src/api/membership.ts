/**
 * What a secondary remembers of the primary it belongs to: one JSON value, stored in `mc-identity` and shown in
 * `mc-cluster-info`. With the communication token it is all that a member needs; it holds no secret itself.
 */
import { z } from 'zod'
import { clusterName, clusterUid, keys } from '../protocol/fields.ts'
import { publicKeyFrom } from '../protocol/keys.ts'

const membershipSchema = z.object({
  /** UID of the primary's `kube-system` namespace. */
  primaryUid: clusterUid,
  primaryName: clusterName,
  /** The name this cluster is registered under. */
  clusterName,
  /** The dialect of the `mc-join` that led here, which may be gone by now. */
  dialect: z.enum(['first', 'second']),
  /** The one in use. */
  endpoint: z.string().min(1),
  /** What `mc-join-config` named, in the second dialect. */
  primaryIngress: z.string().exactOptional(),
  /** All that the primary names. */
  endpoints: z.array(z.string()).readonly(),
  keys: keys.refine(({ current }) => isUsable(current)),
})

/** A key that cannot verify is found here, where a damaged membership counts as none, and not in the middle of a pass. */
function isUsable({ kid, x }: z.infer<typeof keys>['current']): boolean {
  try {
    return publicKeyFrom(x).thumbprint === kid
  } catch {
    return false
  }
}

export type StoredMembership = z.infer<typeof membershipSchema>

export function encodeMembership(membership: StoredMembership): string {
  return JSON.stringify(membership)
}

/** Undefined for what is not a membership; members that a newer version added are dropped. Never throws. */
export function decodeMembership(text: string | undefined): StoredMembership | undefined {
  if (text === undefined) return undefined
  try {
    return membershipSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
