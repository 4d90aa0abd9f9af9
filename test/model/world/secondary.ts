/** One secondary, as the agent composes it; only its network and its API server are the model's. */
import { createClient } from '../../../src/kube/client.ts'
import type { Logger } from '../../../src/lib/logger.ts'
import { createAgent } from '../../../src/secondary/agent.ts'
import { openLine } from '../../../src/secondary/primary-client/line.ts'
import { SpareConnections } from '../../../src/secondary/primary-client/spare-connections.ts'
import { VouchedLeaves } from '../../../src/secondary/primary-client/tls.ts'
import { noMetrics } from '../../support/no-metrics.ts'
import type { ApiWay } from './api-way.ts'
import type { Network } from './network.ts'
import { away, namespace } from './places.ts'
import type { Chance } from './random.ts'
import type { Process, Scheduler } from './scheduler.ts'

export interface SecondaryDeps {
  readonly owner: Process
  readonly way: ApiWay
  readonly network: Network
  readonly scheduler: Scheduler
  readonly chance: () => Chance
  readonly log: Logger
}

/** Runs until it is stopped, or ends by itself. */
export async function runSecondary(deps: SecondaryDeps, stop: AbortSignal): Promise<void> {
  const { owner, way, network, scheduler, log } = deps
  const clock = scheduler.clockOf(owner)
  const lines = {
    roots: () => {
      throw new Error('there is no TLS in the model')
    },
    leaves: new VouchedLeaves(),
    spare: new SpareConnections(),
    proxies: {},
    post: network.postOf(owner),
    clock,
  }
  await createAgent({
    client: createClient(way),
    namespace: away,
    primaryNamespace: namespace,
    releaseName: 'k10',
    labels: {},
    identity: owner.name,
    version: '0.1.0',
    kubernetesVersion: () => 'v1.36.3',
    allowInsecurePrimaryIngress: true,
    proxies: {},
    network: { openLine: (options) => openLine(lines, options), prepare: () => {} },
    metrics: noMetrics,
    clock,
    log,
    random: () => deps.chance().fraction(),
  }).run(stop)
}
