/** Stores a fleet as if each of its members had joined and been heard, without a join: three writes for each. */
import type { Cluster } from '../../src/api/cluster.ts'
import { apiVersion } from '../../src/api/group.ts'
import type { BareClient } from './bare-client.ts'
import { fleetMember } from './member.ts'
import { heardStatus, storedCluster, storedRecord } from './objects.ts'

export interface Storing {
  readonly client: BareClient
  readonly namespace: string
  readonly primaryUid: string
  /** The members from this index on, up to the other, which is not stored any more. */
  readonly from: number
  readonly to: number
  readonly atOnce: number
  readonly say: (line: string) => void
}

const hour = 3_600_000
const sayEvery = 2_000

/** Throws where the API server refuses anything. */
export async function storeFleet(storing: Storing): Promise<void> {
  const { from, to, atOnce, say } = storing
  let next = from
  let stored = from
  const worker = async () => {
    while (next < to) {
      const index = next++
      await store(storing, index)
      stored += 1
      if (stored % sayEvery === 0) say(`${stored} of ${to} Clusters are stored`)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

async function store({ client, namespace, primaryUid, from, to }: Storing, index: number): Promise<void> {
  const member = fleetMember(index)
  const path = collectionPath(namespace, 'clusters')
  const since = Date.now()
  const cluster = (await client.send('POST', path, storedCluster(member, namespace, since))) as Cluster
  // Spread over the hour after which it is written anew: else a whole fleet would be due at the same time.
  const seenAt = Date.now() - ((index - from) / (to - from)) * hour
  const status = heardStatus(cluster, primaryUid, seenAt)
  await client.send('PATCH', `${path}/${member.name}/status`, { status })
  await client.send('POST', collectionPath(namespace, 'bootstraps'), storedRecord(member, namespace))
}

export function collectionPath(namespace: string, plural: 'clusters' | 'bootstraps'): string {
  return `/apis/${apiVersion}/namespaces/${namespace}/${plural}`
}
