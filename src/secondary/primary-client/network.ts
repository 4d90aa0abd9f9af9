/**
 * The network between this cluster and its primary, as a whole process shares it: authorities, leaves that were vouched
 * for, connections to spare. It opens lines, and knows nothing of what goes over them.
 */
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { post } from './http.ts'
import { type OpenLine, openLine } from './line.ts'
import type { Proxies } from './proxy.ts'
import { createRoots } from './roots.ts'
import { SpareConnections } from './spare-connections.ts'
import { VouchedLeaves } from './tls.ts'

export interface Network {
  readonly openLine: OpenLine
  /** Does ahead what would hold up the first request. */
  prepare(): void
}

export interface NetworkDeps {
  /** PEM; read again without a restart. */
  readonly caBundleFile?: string
  readonly proxies: Proxies
  readonly clock: Clock
  readonly log: Logger
}

export function createNetwork(deps: NetworkDeps): Network {
  const lines = {
    roots: createRoots(deps),
    leaves: new VouchedLeaves(),
    spare: new SpareConnections(),
    proxies: deps.proxies,
    post,
    clock: deps.clock,
  }
  return {
    openLine: (options) => openLine(lines, options),
    /** Loading the authorities takes some 50 ms: while the API server is waited for, and not in the middle of a join. */
    prepare: () => void lines.roots(),
  }
}
