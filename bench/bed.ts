/** What is measured: a control plane of its own, replicas of a primary from the bundle, a Bootstrap and a join token. */
import { setTimeout as pause } from 'node:timers/promises'

import { bootstrapKind } from '../src/api/bootstrap.ts'
import type { Cluster } from '../src/api/cluster.ts'
import { clusterKind } from '../src/api/cluster.ts'
import { decodeJoinTokenData, joinTokenType } from '../src/api/join-token-secret.ts'
import { createClient, type KubeClient } from '../src/kube/client.ts'
import { type Secret, secretKind } from '../src/kube/objects.ts'
import { connect } from '../src/kube/transport.ts'
import type { AuditEvent } from '../tools/controlplane/audit-log.ts'
import { type ControlPlane, startControlPlane } from '../tools/controlplane/control-plane.ts'
import {
  installDefinitions,
  installPrimary,
  type RunningPrimary,
  startPrimary,
  usualPrimary,
} from '../tools/installation.ts'
import type { BenchContext } from './figures.ts'
import { serverPids } from './measure/process-usage.ts'

export interface BedOptions {
  readonly replicas: number
  /** `http`: an ingress ends TLS. */
  readonly scheme: 'http' | 'https'
}

export interface Bed {
  readonly controlPlane: ControlPlane
  /** Of an administrator. */
  readonly client: KubeClient
  /** Of the service account of the replicas. */
  readonly kubeconfig: string
  readonly replicas: readonly RunningPrimary[]
  readonly endpoints: readonly string[]
  /** The text of a join token without bounds. */
  readonly token: string
  /** Of all processes but the load. */
  readonly pids: Readonly<Record<string, number>>
  /** What the replicas have asked the API server since the mark, as soon as they have nothing left to do. */
  requestsSince(mark: number): Promise<readonly AuditEvent[]>
}

const { namespace, home } = usualPrimary
const user = `system:serviceaccount:${home}:conjoin-primary`
/** How often is looked whether something has come about, milliseconds. */
const lookEvery = 50
const hangLimit = 60_000

/** Sets it up, lets it be used, and takes it down, whatever happens. */
export async function withBed<T>(
  context: BenchContext,
  options: BedOptions,
  use: (bed: Bed) => Promise<T>,
): Promise<T> {
  const controlPlane = await startControlPlane({ name: 'primary', report: () => undefined })
  const replicas: RunningPrimary[] = []
  const transport = await connect({ kubeconfig: controlPlane.kubeconfig, userAgent: 'conjoin-bench' })
  try {
    const client = createClient(transport)
    await installDefinitions(controlPlane)
    await controlPlane.kubectl(['create', 'namespace', namespace])
    const kubeconfig = await installPrimary(controlPlane)
    for (let index = 0; index < options.replicas; index += 1) {
      const { scheme } = options
      const flags = { identity: `replica-${index}` }
      replicas.push(await startPrimary(kubeconfig, { scheme, flags, program: context.program }))
    }
    const endpoints = replicas.map(({ endpoint }) => endpoint)
    await client.create(bootstrapKind, bootstrapOf(endpoints[0] ?? ''))
    await until('the primary is registered', async () => isReady(await client.get(clusterKind, inNamespace('primary'))))
    const metadata = inNamespace('bench')
    await client.create<Secret>(secretKind, { metadata, type: joinTokenType })
    const token = await until('the join token is filled', async () => {
      const { data } = (await client.get(secretKind, metadata)) ?? {}
      return decodeJoinTokenData(data).token?.reveal()
    })
    const servers = await serverPids(controlPlane.dir)
    const own = Object.fromEntries(replicas.map(({ pid }, index) => [`primary ${index + 1}`, pid]))
    return await use({
      controlPlane,
      client,
      kubeconfig,
      replicas,
      endpoints,
      token,
      pids: { ...own, ...servers },
      requestsSince: async (mark) => requestsSince(controlPlane, mark, context.pace.quietAfter),
    })
  } finally {
    await Promise.all(replicas.map((replica) => replica.stop()))
    await transport.close()
    await controlPlane.stop()
  }
}

async function requestsSince(
  { auditLog }: ControlPlane,
  mark: number,
  quietAfter: number,
): Promise<readonly AuditEvent[]> {
  let seen = -1
  for (;;) {
    const events = (await auditLog.since(mark)).filter(isOfJoins)
    if (events.length === seen) return events
    seen = events.length
    await pause(quietAfter)
  }
}

function isOfJoins({ user: who, resource }: AuditEvent): boolean {
  return who === user && resource !== 'leases'
}

/** Resolves with what `look` gives as soon as it gives something. Throws after a minute. */
export async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const startedAt = performance.now()
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() - startedAt > hangLimit) throw new Error(`${what}: not within ${hangLimit / 1000} s`)
    await pause(lookEvery)
  }
}

function isReady(cluster: Cluster | undefined): true | undefined {
  return cluster?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') || undefined
}

function inNamespace(name: string): { namespace: string; name: string } {
  return { namespace, name }
}

function bootstrapOf(url: string) {
  const k10 = { namespace: 'kasten-io', releaseName: 'k10', ingress: { url } }
  return { metadata: inNamespace('primary'), spec: { clusters: { primary: { name: 'primary', primary: true, k10 } } } }
}
