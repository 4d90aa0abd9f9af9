/**
 * Runs a role as a process: its log, its metrics, its admin port and its clients, until a signal ends it. What the role
 * does is composed in `primary/operator.ts` and `secondary/agent.ts`.
 */
import { type PrimaryConfig, type SecondaryConfig, version } from './config.ts'
import { createClient } from './kube/client.ts'
import { firstAnswer } from './kube/first-answer.ts'
import { followServerVersion } from './kube/server-version.ts'
import { connect } from './kube/transport.ts'
import { systemClock } from './lib/clock.ts'
import type { Logger } from './lib/logger.ts'
import type { RequestMetrics } from './lib/metrics.ts'
import { startAdminServer } from './observe/admin-server.ts'
import { createLogger } from './observe/logger.ts'
import { createMetrics, type Metrics } from './observe/metrics.ts'
import { createOperator } from './primary/operator.ts'
import { createAgent } from './secondary/agent.ts'

/** What a role is to the process: it runs until stopped and says whether it is ready. */
interface Role {
  run(signal: AbortSignal): Promise<void>
  readonly notReady: () => readonly string[]
}

type RoleConfig = PrimaryConfig | SecondaryConfig

/** Where a role tells what it does, and what ends it. */
interface Surroundings {
  readonly log: Logger
  readonly metrics: Metrics
  readonly stop: AbortSignal
}

/**
 * How long after a stop the API server may still be waited for, milliseconds. With what follows, the process ends within the
 * 30 s that it has.
 */
const lastWait = 10_000

const exitCodes = { ok: 0, failed: 1 } as const

export type RoleCommand =
  | { readonly kind: 'primary'; readonly config: PrimaryConfig }
  | { readonly kind: 'secondary'; readonly config: SecondaryConfig }

/** Resolves with the exit code; a failure has been logged. */
export async function runRole(command: RoleCommand): Promise<number> {
  switch (command.kind) {
    case 'primary':
      return run(command.kind, command.config, (surroundings) => primaryRole(command.config, surroundings))
    case 'secondary':
      return run(command.kind, command.config, (surroundings) => secondaryRole(command.config, surroundings))
  }
}

async function run(
  name: string,
  config: RoleConfig,
  connectRole: (surroundings: Surroundings) => Promise<{ role: Role; close: () => Promise<void> }>,
): Promise<number> {
  const log = createLogger({ level: config['log-level'], role: name })
  const metrics = createMetrics({ role: name, version, clock: systemClock })
  const stop = stopOnSignals(log)
  const surroundings = { log, metrics, stop }
  if (!config.multicluster) return idle(config, surroundings)
  let running: Role | undefined
  const notReady = () => running?.notReady() ?? ['the API server has not answered yet']
  try {
    const admin = await startAdminServer(config['admin-listen'], notReady, metrics)
    try {
      const { role, close } = await connectRole(surroundings)
      running = role
      log.info({ version, adminPort: admin.port, namespace: config.namespace }, 'started')
      try {
        await role.run(stop)
      } finally {
        await close()
      }
    } finally {
      await admin.close()
    }
    log.info({}, 'stopped')
    return exitCodes.ok
  } catch (err) {
    if (stop.aborted) return exitCodes.ok
    log.error({ err }, 'stopped by a failure')
    return exitCodes.failed
  }
}

/** Multi-cluster is disabled: the process is ready and does nothing, so that a Deployment of it is healthy. */
async function idle(config: RoleConfig, { log, metrics, stop }: Surroundings): Promise<number> {
  const admin = await startAdminServer(config['admin-listen'], () => [], metrics)
  log.info({ version, adminPort: admin.port }, 'multi-cluster is disabled, nothing is done')
  if (!stop.aborted) await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }))
  await admin.close()
  return exitCodes.ok
}

async function primaryRole(config: PrimaryConfig, surroundings: Surroundings) {
  const { log, metrics } = surroundings
  const common = metrics.role()
  const { client, kubernetesVersion, close } = await openClient(config, common, surroundings)
  const role = createOperator({
    client,
    namespace: config.namespace,
    identityNamespace: config['identity-namespace'] ?? config.namespace,
    identity: config.identity,
    listen: config.listen,
    versions: () => ({ operator: version, kubernetes: kubernetesVersion() }),
    endpoint: config.endpoint,
    requestedPrimary: config.requestedPrimary,
    trustedProxies: config['trusted-proxies'],
    memberLabels: config['member-labels'],
    heartbeatInterval: config['heartbeat-interval'] * 1000,
    metrics: { ...common, ...metrics.primary() },
    clock: systemClock,
    log,
  })
  return { role, close }
}

async function secondaryRole(config: SecondaryConfig, surroundings: Surroundings) {
  const { log, metrics } = surroundings
  const common = metrics.role()
  const { client, kubernetesVersion, close } = await openClient(config, common, surroundings)
  const role = createAgent({
    client,
    kubernetesVersion,
    namespace: config.namespace,
    primaryNamespace: config['primary-namespace'],
    releaseName: config['release-name'],
    identity: config.identity,
    version,
    labels: config.labels,
    allowInsecurePrimaryIngress: config['allow-insecure-primary-ingress'],
    ...(config['ca-bundle'] === undefined ? {} : { caBundleFile: config['ca-bundle'] }),
    proxies: config.proxies,
    metrics: { ...common, ...metrics.secondary() },
    clock: systemClock,
    log,
  })
  return { role, close }
}

async function openClient(
  { kubeconfig, context }: RoleConfig,
  metrics: RequestMetrics,
  { log, stop }: Pick<Surroundings, 'log' | 'stop'>,
) {
  const transport = await connect({ kubeconfig, context, userAgent: `conjoin/${version}`, metrics })
  const close = async () => transport.close()
  stop.addEventListener('abort', () => systemClock.after(lastWait, () => void close()), { once: true })
  const waiting = { clock: systemClock, log, signal: stop }
  const kubernetesVersion = await firstAnswer(async () => followServerVersion(transport, waiting), waiting)
  return { client: createClient(transport), kubernetesVersion, close }
}

function stopOnSignals(log: Logger): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      log.info({ signal }, 'stopping')
      stop.abort(new Error(`stopped by ${signal}`))
    })
  return stop.signal
}
