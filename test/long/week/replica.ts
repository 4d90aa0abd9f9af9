/** One replica of a primary in a simulated week: the whole operator in this process, on a clock and a way to its API server that can go wrong. */
import { createClient } from '../../../src/kube/client.ts'
import { connect } from '../../../src/kube/transport.ts'
import { createOperator } from '../../../src/primary/operator.ts'
import { createJoinServer, type JoinServer, type JoinServerDeps } from '../../../src/primary/server/join-server.ts'
import type { PrimaryPlace } from '../../../tools/installation.ts'
import { noMetrics } from '../../support/no-metrics.ts'
import { type ApiWayDeps, createApiWay } from './way.ts'
import type { Witness } from './witness.ts'

/** Over TLS, and without as from an ingress that ends it: a handshake for each of so many heartbeats would fill the week. */
export interface Endpoints {
  readonly plain: string
  readonly tls: string
}

type Ports = Readonly<Record<keyof Endpoints, number>>

export interface ReplicaDeps extends Omit<ApiWayDeps, 'transport'> {
  readonly kubeconfig: string
  readonly place: PrimaryPlace
  /** Of its pod. */
  readonly identity: string
  readonly ports: Ports
  /** What members are told, milliseconds. */
  readonly interval: number
  readonly witness: Witness
  readonly onLeading: () => void
}

export interface Replica {
  readonly identity: string
  readonly endpoints: Endpoints
  /** Whether members are led to it, as Kubernetes would by its readiness. */
  isServing(): boolean
  hasServed(): boolean
  isLeading(): boolean
  /** Cuts its way to the API server, or mends it. */
  cut(isCut: boolean): void
  /** As SIGTERM does. */
  stop(): void
  /** As a power cut does: nothing of it reaches the API server or a member any more. */
  kill(): void
  /** Resolves when the process is over, however it has ended. */
  readonly ended: Promise<void>
}

export async function startReplica(deps: ReplicaDeps): Promise<Replica> {
  const { identity, place, ports, clock, witness, rest, answerLease } = deps
  const transport = await connect({ kubeconfig: deps.kubeconfig, userAgent: identity })
  const way = createApiWay({ transport, answerLease, rest, clock })
  let hasServed = false
  let isLeading = false
  const log = witness.logger('primary', identity, (message) => {
    if (message === 'serving the join endpoint') hasServed = true
    if (message !== 'became leader') return
    isLeading = true
    deps.onLeading()
  })
  const operator = createOperator({
    client: createClient(way),
    namespace: place.namespace,
    identityNamespace: place.home,
    identity,
    versions: () => ({ operator: '0.1.0', kubernetes: 'v1.36.3' }),
    listen: { tls: true, host: '127.0.0.1', port: ports.tls },
    openJoinServer: (services) => openBoth(services, ports.plain),
    endpoint: undefined,
    requestedPrimary: undefined,
    trustedProxies: [],
    memberLabels: [],
    heartbeatInterval: deps.interval,
    // A week has hundreds of processes, and one registry of metrics each would not be given back.
    metrics: noMetrics,
    clock,
    log,
  })
  const abort = new AbortController()
  const run = async (): Promise<void> => {
    try {
      await operator.run(abort.signal)
    } catch (err) {
      // It has ended as its process would, and its successor is started.
      if (!abort.signal.aborted) log.error({ err }, 'stopped by a failure')
    } finally {
      isLeading = false
      await transport.close()
    }
  }
  const stop = () => abort.abort(new Error('stopped'))
  return {
    identity,
    endpoints: { plain: `http://127.0.0.1:${ports.plain}`, tls: `https://127.0.0.1:${ports.tls}` },
    isServing: () => hasServed && !abort.signal.aborted && operator.notReady().length === 0,
    hasServed: () => hasServed,
    isLeading: () => isLeading,
    cut: (isCut) => way.cut(isCut),
    stop,
    kill() {
      way.cut(true)
      stop()
    },
    ended: run(),
  }
}

function openBoth(services: JoinServerDeps, plainPort: number): JoinServer {
  const secure = createJoinServer(services)
  const plain = createJoinServer({ ...services, certificate: undefined })
  return {
    async listen(address) {
      await Promise.all([secure.listen(address), plain.listen({ ...address, port: plainPort })])
    },
    addresses: () => [secure.addresses(), plain.addresses()],
    async close() {
      await Promise.all([secure.close(), plain.close()])
    },
  }
}
