/**
 * A lane of their own for members: where strangers have used up what an address may ask, which behind an ingress is
 * everybody's address, heartbeats still come through. It verifies nothing, and decides only what is worth verifying.
 */
import { ProtocolError } from '../../protocol/errors.ts'
import { claimedThumbprint } from '../../protocol/possession-proof.ts'
import type { ClusterLookup } from '../cluster-lookup.ts'
import type { Buckets } from '../load/buckets.ts'

export interface MemberLane {
  /** Whether a request with this proof counts against the member that it names, and not against its address. */
  admits(proof: string): boolean
}

/** A stranger knows no member's key; and whoever has seen one gains by naming it no more than that member may ask. */
export function createMemberLane(deps: {
  readonly clusters: Pick<ClusterLookup, 'byKey'>
  /** How often each key may pass. */
  readonly pace: Buckets
}): MemberLane {
  return {
    admits(proof) {
      const keyId = thumbprintIn(proof)
      return keyId !== undefined && deps.clusters.byKey(keyId) !== undefined && deps.pace.take(keyId) === 0
    },
  }
}

function thumbprintIn(proof: string): string | undefined {
  try {
    return claimedThumbprint(proof)
  } catch (error) {
    if (error instanceof ProtocolError) return undefined
    throw error
  }
}
