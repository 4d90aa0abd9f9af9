/**
 * A primary and a secondary that do nothing but wait, each on a control plane of its own, from the bundle and with the
 * rights that they ship with. It sets up and takes down; what is asked of the pair is in `single-join.ts`.
 */
import { createClient, type KubeClient } from '../../src/kube/client.ts'
import { connect, type KubeTransport } from '../../src/kube/transport.ts'
import { type ControlPlane, startControlPlane } from '../../tools/controlplane/control-plane.ts'
import { installSecondary, startSecondary, usualPrimary, usualSecondary } from '../../tools/installation.ts'
import { type Bed, withBed } from '../bed.ts'
import type { BenchContext } from '../figures.ts'
import { serverPids } from '../measure/process-usage.ts'

/** One of the two control planes, as its administrator sees it. */
export interface Side {
  readonly controlPlane: ControlPlane
  readonly transport: KubeTransport
  readonly client: KubeClient
  /** Where conjoin keeps what users see. */
  readonly namespace: string
  /** The service account of the role. */
  readonly user: string
}

export interface Pair {
  readonly primary: Side
  readonly secondary: Side
  /** Of `mc-join`. */
  readonly endpoint: string
  readonly token: string
  /** Of the two roles and of all servers; those of the primary have the plain names. */
  readonly pids: Readonly<Record<string, number>>
}

/** Sets both up, lets them be used, and takes them down, whatever happens. */
export async function withPair<T>(context: BenchContext, use: (pair: Pair) => Promise<T>): Promise<T> {
  return withBed(context, { replicas: 1, scheme: 'https' }, async (bed) => {
    const controlPlane = await startControlPlane({ name: 'secondary', report: () => undefined })
    try {
      return await withSecondary(context, bed, controlPlane, use)
    } finally {
      await controlPlane.stop()
    }
  })
}

async function withSecondary<T>(
  context: BenchContext,
  bed: Bed,
  controlPlane: ControlPlane,
  use: (pair: Pair) => Promise<T>,
): Promise<T> {
  const userAgent = 'conjoin-bench'
  const toPrimary = await connect({ kubeconfig: bed.controlPlane.kubeconfig, userAgent })
  const toSecondary = await connect({ kubeconfig: controlPlane.kubeconfig, userAgent })
  const role = await startSecondary(await installSecondary(controlPlane), { program: context.program })
  try {
    const servers = await serverPids(controlPlane.dir)
    await role.logged('the secondary works', ({ msg }) => msg === 'became leader')
    return await use({
      primary: {
        controlPlane: bed.controlPlane,
        transport: toPrimary,
        client: bed.client,
        namespace: usualPrimary.namespace,
        user: accountOf(usualPrimary.home, 'conjoin-primary'),
      },
      secondary: {
        controlPlane,
        transport: toSecondary,
        client: createClient(toSecondary),
        namespace: usualSecondary,
        user: accountOf(usualSecondary, 'conjoin-secondary'),
      },
      endpoint: bed.endpoints[0] ?? '',
      token: bed.token,
      pids: {
        ...bed.pids,
        secondary: role.pid,
        'etcd of the secondary': servers.etcd,
        'kube-apiserver of the secondary': servers['kube-apiserver'],
      },
    })
  } finally {
    await role.stop()
    await toPrimary.close()
    await toSecondary.close()
  }
}

function accountOf(namespace: string, name: string): string {
  return `system:serviceaccount:${namespace}:${name}`
}
