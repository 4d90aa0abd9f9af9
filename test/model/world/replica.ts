/** One replica of the primary, as the operator composes it; only its network and its API server are the model's. */
import { createClient } from '../../../src/kube/client.ts'
import type { Logger } from '../../../src/lib/logger.ts'
import { type Answer, problemOf } from '../../../src/primary/answer.ts'
import { readBody } from '../../../src/primary/body.ts'
import { createOperator } from '../../../src/primary/operator.ts'
import { answerError, type JoinServerDeps } from '../../../src/primary/server/join-server.ts'
import { ProtocolError } from '../../../src/protocol/errors.ts'
import {
  challengePath,
  heartbeatPath,
  joinPath,
  leavePath,
  nonceHeader,
  proofHeader,
  rekeyPath,
} from '../../../src/protocol/wire.ts'
import { noMetrics } from '../../support/no-metrics.ts'
import { type ApiWay, occasion } from './api-way.ts'
import type { Message, Network, WireAnswer } from './network.ts'
import { home, namespace } from './places.ts'
import type { Process, Scheduler } from './scheduler.ts'

export interface ReplicaDeps {
  readonly owner: Process
  readonly way: ApiWay
  readonly network: Network
  readonly scheduler: Scheduler
  /** The version that the primary's API server is at. */
  readonly version: () => number
  readonly log: Logger
}

/** Runs until it is stopped, or ends by itself. */
export async function runReplica(deps: ReplicaDeps, stop: AbortSignal): Promise<void> {
  const { owner, way, network, scheduler, log } = deps
  await createOperator({
    client: createClient(way),
    namespace,
    identityNamespace: home,
    identity: owner.name,
    versions: () => ({ operator: '0.1.0', kubernetes: 'v1.36.3' }),
    listen: { tls: false, host: 'memory', port: 0 },
    openJoinServer(services) {
      let end = () => {}
      return {
        async listen() {
          end = network.serve(owner, async (message, isProofless) =>
            occasion.run({ ...message, isProofless, since: deps.version() }, async () =>
              onTheWire(await serve(services, message)),
            ),
          )
        },
        addresses: () => [],
        close: async () => end(),
      }
    },
    endpoint: undefined,
    requestedPrimary: undefined,
    trustedProxies: [],
    memberLabels: [],
    heartbeatInterval: 20_000,
    metrics: noMetrics,
    clock: scheduler.clockOf(owner),
    log,
  }).run(stop)
}

/** What the join server's routes do, without HTTP. */
async function serve(services: JoinServerDeps, message: Message): Promise<Answer> {
  const { joins, heartbeats, rekeys, leaves, log } = services
  const { path, headers } = message
  const outage = services.outage()
  if (outage !== undefined) return problemOf(new ProtocolError('Busy', outage))
  const body = Buffer.from(message.body)
  const route = path.slice(path.indexOf('/mc/v1/'))
  const clusterName = /\/clusters\/([^/]+)\//.exec(route)?.[1] ?? ''
  const token = (headers['authorization'] ?? '').replace('DPoP ', '')
  const request = { clusterName, token, proof: headers[proofHeader] ?? '', body }
  try {
    if (route === challengePath) return await joins.challenge(readBody(body))
    if (route === joinPath) return await joins.join(readBody(body))
    if (route === heartbeatPath(clusterName)) return await heartbeats.heartbeat(request)
    if (route === rekeyPath(clusterName)) return await rekeys.rekey(request)
    if (route === leavePath(clusterName)) return await leaves.leave(request)
    throw new Error(`the model has no route ${route}`)
  } catch (error) {
    return answerError(log, error)
  }
}

function onTheWire({ status, body, nonce, retryAfter }: Answer): WireAnswer {
  return {
    status,
    mediaType: 'code' in body ? 'application/problem+json' : 'application/json',
    body: JSON.stringify(body),
    headers: {
      ...(nonce === undefined ? {} : { [nonceHeader]: nonce }),
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    },
  }
}
