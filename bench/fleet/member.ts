/** Who the members of a made-up fleet are: the same ones in every process, without a file that tells. They ask nobody. */
import { createHash } from 'node:crypto'
import { type SigningKey, signingKeyFromSeed } from '../../src/protocol/keys.ts'
import type { Heartbeat } from '../../src/protocol/reply.ts'

export interface FleetMember {
  readonly name: string
  /** UID of its `kube-system` namespace. */
  readonly uid: string
  readonly key: SigningKey
}

/** What each of them says with every heartbeat, and what is stored of it. */
export const fleetVersions: Heartbeat['versions'] = { operator: '0.1.0', kubernetes: 'v1.36.3' }

export function fleetMember(index: number): FleetMember {
  const seed = createHash('sha256').update(`a member of the fleet: ${index}`).digest()
  const hex = createHash('sha256').update(seed).digest('hex')
  const uid = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
  return { name: `member-${String(index).padStart(5, '0')}`, uid, key: signingKeyFromSeed(seed) }
}
