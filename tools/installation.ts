/**
 * Puts conjoin on a control plane the way an administrator would: CRDs, service accounts and exactly the rights of
 * `tools/rights`, then the role as a process with those rights. Serves the demo and the tests.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ControlPlane } from './controlplane/control-plane.ts'
import { freePort } from './controlplane/ports.ts'
import { type Flags, type RoleProcess, startRole } from './role-process.ts'

const root = join(import.meta.dirname, '..')

/** Where a primary lives; every test may have namespaces of its own. */
export interface PrimaryPlace {
  /** Of Bootstraps, Clusters and join tokens. */
  readonly namespace: string
  /** Of the process, its key and its lease. */
  readonly home: string
}

/** Many processes share this machine: none of them may insist on a port. */
const quiet: Flags = { 'admin-listen': '127.0.0.1:0' }

export const usualPrimary: PrimaryPlace = { namespace: 'kasten-io-mc', home: 'conjoin-system' }
export const usualSecondary = 'kasten-io'

/** Creates the two kinds; doing it again changes nothing. */
export async function installDefinitions(controlPlane: ControlPlane): Promise<void> {
  await apply(controlPlane, ['-f', join(root, 'crds')])
  const names = ['bootstraps', 'clusters'].map((plural) => `crd/${plural}.dist.kio.kasten.io`)
  await succeed(controlPlane, ['wait', '--for=condition=Established', ...names])
}

/** Creates the home and the rights of a primary; the namespace of its objects must exist. */
export async function installPrimary(controlPlane: ControlPlane, place = usualPrimary): Promise<string> {
  const kubeconfig = await controlPlane.serviceAccountKubeconfig(place.home, 'conjoin-primary')
  const rights = await readFile(join(root, 'tools/rights/primary.yaml'), 'utf8')
  const placed = rights.replaceAll('kasten-io-mc', place.namespace).replaceAll('conjoin-system', place.home)
  await apply(controlPlane, ['-f', '-'], clusterWide(placed, place.namespace))
  return kubeconfig
}

/** Creates the rights of a secondary in its namespace. */
export async function installSecondary(controlPlane: ControlPlane, namespace = usualSecondary): Promise<string> {
  const kubeconfig = await controlPlane.serviceAccountKubeconfig(namespace, 'conjoin-secondary')
  const rights = await readFile(join(root, 'tools/rights/secondary.yaml'), 'utf8')
  const placed = rights.replaceAll(/namespace: kasten-io\b/g, `namespace: ${namespace}`)
  await apply(controlPlane, ['-f', '-'], clusterWide(placed, namespace))
  return kubeconfig
}

export interface RunningPrimary extends RoleProcess {
  /** Where it listens, with the scheme that it speaks. */
  readonly endpoint: string
}

/** Starts a primary on a free port and resolves when it serves. */
export async function startPrimary(
  kubeconfig: string,
  options: { place?: PrimaryPlace; scheme?: 'https' | 'http'; port?: number; flags?: Flags; env?: Flags } = {},
): Promise<RunningPrimary> {
  const { place = usualPrimary, scheme = 'https', flags } = options
  const endpoint = `${scheme}://127.0.0.1:${options.port ?? (await freePort())}`
  const placed = { namespace: place.namespace, 'identity-namespace': place.home, listen: endpoint }
  const role = startRole('primary', { kubeconfig, ...placed, ...quiet, ...flags }, options.env)
  await role.logged('the primary serves', ({ msg }) => msg === 'serving the join endpoint')
  return { ...role, endpoint }
}

/** Starts a secondary and resolves when it has been started, which is before it has joined. */
export async function startSecondary(
  kubeconfig: string,
  options: { namespace?: string; flags?: Flags; env?: Flags } = {},
): Promise<RoleProcess> {
  const placed = { namespace: options.namespace ?? usualSecondary }
  const role = startRole('secondary', { kubeconfig, ...placed, ...quiet, ...options.flags }, options.env)
  await role.logged('the secondary starts', ({ msg }) => msg === 'started' || msg.includes('is disabled'))
  return role
}

/** Names of cluster-wide objects are shared by all that is installed on a control plane: make them this one's own. */
function clusterWide(rights: string, suffix: string): string {
  return rights
    .replaceAll(/(kind: ClusterRole(?:Binding)?\nmetadata: \{ name: [a-z-]+)/g, `$1-${suffix}`)
    .replaceAll(/(kind: ClusterRole, name: [a-z-]+)/g, `$1-${suffix}`)
}

async function apply(controlPlane: ControlPlane, args: readonly string[], input?: string): Promise<void> {
  await succeed(controlPlane, ['apply', ...args], input)
}

async function succeed(controlPlane: ControlPlane, args: readonly string[], input?: string): Promise<void> {
  const { exitCode, stderr } = await controlPlane.kubectl(args, input === undefined ? {} : { input })
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')} failed on ${controlPlane.name}: ${stderr.trim()}`)
}
