/** What the primary is made of that comes from outside: its clients, its settings, its clock. Every part of it is composed from these. */
import type { KubeClient } from '../../kube/client.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import type { PrimaryMetrics, RoleMetrics } from '../../lib/metrics.ts'
import type { Versions } from '../../protocol/fields.ts'
import type { RequestedPrimary } from '../bootstrap/requested-primary.ts'
import type { OpenJoinServer } from '../server/join-server.ts'

export interface OperatorDeps {
  readonly client: KubeClient
  /** Where Bootstraps, Clusters and join tokens live. */
  readonly namespace: string
  /** Where the signing key, the TLS certificate and the lease live. */
  readonly identityNamespace: string
  /** Holder of the lease; also names this process in Events. */
  readonly identity: string
  /** Of conjoin and of this cluster's API server. */
  readonly versions: () => Versions
  readonly listen: { readonly tls: boolean; readonly host: string; readonly port: number }
  /** Takes the place of the server that listens. */
  readonly openJoinServer?: OpenJoinServer
  /** Takes the place of the Bootstrap's ingress URL. */
  readonly endpoint: string | undefined
  /** The primary whose Bootstrap the operator is to make itself. */
  readonly requestedPrimary: RequestedPrimary | undefined
  /** Proxies whose X-Forwarded-For is believed: addresses and CIDR ranges. */
  readonly trustedProxies: readonly string[]
  /** Labels that members may put on their Clusters: keys, and prefixes as `example.com/*`. */
  readonly memberLabels: readonly string[]
  /** The least time between two heartbeats of a member, milliseconds. */
  readonly heartbeatInterval: number
  readonly metrics: RoleMetrics & PrimaryMetrics
  readonly clock: Clock
  readonly log: Logger
}
