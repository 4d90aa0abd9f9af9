/**
 * Puts conjoin on a control plane: CRDs, service accounts and exactly the rights that the chart grants, then the role as a
 * process with those rights. Serves the demo and the tests.
 */
import { join } from 'node:path'
import type { ClusterAccess } from './controlplane/access.ts'
import { freePort } from './controlplane/ports.ts'
import { type Right, rightsOf } from './rights.ts'
import { type Flags, type RoleProcess, startRole } from './role-process.ts'

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
export async function installDefinitions(controlPlane: ClusterAccess): Promise<void> {
  await succeed(controlPlane, ['apply', '-f', join(import.meta.dirname, '../crds')])
  const names = ['bootstraps', 'clusters'].map((plural) => `crd/${plural}.dist.kio.kasten.io`)
  await succeed(controlPlane, ['wait', '--for=condition=Established', ...names])
}

/** Creates the home and the rights of a primary where they are missing; the namespace of its objects must exist. */
export async function installPrimary(controlPlane: ClusterAccess, place = usualPrimary): Promise<string> {
  const kubeconfig = await controlPlane.serviceAccountKubeconfig(place.home, 'conjoin-primary')
  await grant(controlPlane, await rightsOf('primary', place))
  return kubeconfig
}

/** Creates the rights of a secondary in its namespace where they are missing. */
export async function installSecondary(controlPlane: ClusterAccess, namespace = usualSecondary): Promise<string> {
  const kubeconfig = await controlPlane.serviceAccountKubeconfig(namespace, 'conjoin-secondary')
  await grant(controlPlane, await rightsOf('secondary', { home: namespace }))
  return kubeconfig
}

async function grant(controlPlane: ClusterAccess, rights: readonly Right[]): Promise<void> {
  await Promise.all(rights.map(async ({ collection, object }) => controlPlane.create(collection, object)))
}

export interface RunningPrimary extends RoleProcess {
  /** Where it listens, with the scheme that it speaks. */
  readonly endpoint: string
}

interface StartOptions {
  readonly flags?: Flags
  readonly env?: Flags
  /** Another file than the program's source: the bundle. */
  readonly program?: string | undefined
}

/** Starts a primary on a free port and resolves when it serves. */
export async function startPrimary(
  kubeconfig: string,
  options: StartOptions & { place?: PrimaryPlace; scheme?: 'https' | 'http'; port?: number } = {},
): Promise<RunningPrimary> {
  const { place = usualPrimary, scheme = 'https', flags } = options
  const endpoint = `${scheme}://127.0.0.1:${options.port ?? (await freePort())}`
  const placed = { namespace: place.namespace, 'identity-namespace': place.home, listen: endpoint }
  const role = startRole('primary', { kubeconfig, ...placed, ...quiet, ...flags }, options.env, options.program)
  await role.logged('the primary serves', ({ msg }) => msg === 'serving the join endpoint')
  return { ...role, endpoint }
}

/** Starts a secondary and resolves when it has been started, which is before it has joined. */
export async function startSecondary(
  kubeconfig: string,
  options: StartOptions & { namespace?: string } = {},
): Promise<RoleProcess> {
  const placed = { namespace: options.namespace ?? usualSecondary }
  const role = startRole(
    'secondary',
    { kubeconfig, ...placed, ...quiet, ...options.flags },
    options.env,
    options.program,
  )
  await role.logged('the secondary starts', ({ msg }) => msg === 'started' || msg.includes('is disabled'))
  return role
}

async function succeed(controlPlane: ClusterAccess, args: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await controlPlane.kubectl(args)
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')} failed on ${controlPlane.name}: ${stderr.trim()}`)
}
