/**
 * The objects that a member leaves behind on the primary: what a join writes and what the first heartbeat adds, in the
 * product's own words, so that a primary which finds them has nothing to correct.
 */
import type { Bootstrap } from '../../src/api/bootstrap.ts'
import type { Cluster, ClusterStatus } from '../../src/api/cluster.ts'
import { apiVersion, clusterInfoFinalizer, clusterTypeLabel } from '../../src/api/group.ts'
import { joinedBootstrap } from '../../src/primary/bootstrap/joined-bootstrap.ts'
import { decideStatus } from '../../src/primary/cluster/status.decide.ts'
import { nextStatus } from '../../src/primary/cluster/status.write.ts'
import { type FleetMember, fleetVersions } from './member.ts'

const k10 = { namespace: 'kasten-io', releaseName: 'k10' }
const tokenId = 'AAAAAAAAAAAAAAAA'

/** As a join creates it; `since` is ms since the epoch. */
export function storedCluster({ name, uid, key }: FleetMember, namespace: string, since: number): Cluster {
  return {
    apiVersion,
    kind: 'Cluster',
    metadata: {
      name,
      namespace,
      labels: { [clusterTypeLabel]: 'secondary' },
      finalizers: [clusterInfoFinalizer],
    },
    spec: {
      primary: false,
      k10,
      member: { uid, publicKey: key.x, keyId: key.thumbprint, since: new Date(since).toISOString(), tokenId },
    },
  }
}

/** The status of a member that was heard at `seenAt`, ms since the epoch. */
export function heardStatus(cluster: Cluster, primaryUid: string, seenAt: number): ClusterStatus {
  const decision = decideStatus({
    cluster,
    own: { uid: primaryUid, versions: fleetVersions },
    contact: { at: seenAt, age: 0, gap: Infinity, heartbeat: { versions: fleetVersions, health: 'ok' } },
    interval: 20_000,
    told: 20_000,
    listening: 0,
    now: seenAt,
    waitsFor: [],
    outage: { kind: 'none' },
  })
  const status = nextStatus(cluster, decision, seenAt)
  if (status === undefined) throw new Error(`nothing is to be said of ${cluster.metadata.name}`)
  return status
}

/** The record that a join makes beside the Cluster. */
export function storedRecord({ name }: FleetMember, namespace: string): Bootstrap {
  return joinedBootstrap({ name, namespace, clusterName: name, k10 })
}
