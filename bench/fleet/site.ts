/**
 * A control plane on which a primary is registered and a fleet is stored, that grows. It starts the primary as users run
 * it; what is measured of it is for others.
 */
import { apiVersion } from '../../src/api/group.ts'
import { decodePrimaryIdentity, primaryIdentityName } from '../../src/api/primary-identity.ts'
import type { SecretContent } from '../../src/api/secret-data.ts'
import type { Redacted } from '../../src/lib/redacted.ts'
import { type ControlPlane, startControlPlane } from '../../tools/controlplane/control-plane.ts'
import { freePort } from '../../tools/controlplane/ports.ts'
import {
  installDefinitions,
  installPrimary,
  type RunningPrimary,
  startPrimary,
  usualPrimary,
} from '../../tools/installation.ts'
import type { Flags } from '../../tools/role-process.ts'
import type { BenchContext } from '../figures.ts'
import { type BareClient, openBareClient } from './bare-client.ts'
import { storeFleet } from './store.ts'

export interface FleetSite {
  readonly controlPlane: ControlPlane
  readonly client: BareClient
  /** The user that the primary is to its API server. */
  readonly user: string
  /** The signing key of the primary, PKCS #8 PEM. */
  readonly primaryKey: Redacted<string>
  /** Stores more members until there are `size`. No primary runs meanwhile. */
  grow(size: number): Promise<void>
  /** Resolves when it serves. */
  start(scheme: 'http' | 'https', flags?: Flags): Promise<RunningPrimary>
  /** Ends everything, also a primary that still runs. */
  end(): Promise<void>
}

/** As many as the product's own client has. */
const connections = 32
const { namespace, home } = usualPrimary

export async function openFleetSite({ program, say }: BenchContext): Promise<FleetSite> {
  const controlPlane = await startControlPlane({ name: 'fleet', report: say })
  const running = new Set<RunningPrimary>()
  try {
    const port = await freePort()
    await installDefinitions(controlPlane)
    const client = await openBareClient(controlPlane.kubeconfig, connections)
    await client.send('POST', '/api/v1/namespaces', { metadata: { name: namespace } })
    const kubeconfig = await installPrimary(controlPlane)
    let stored = 0

    const start: FleetSite['start'] = async (scheme, flags = {}) => {
      const endpoint = `${scheme}://127.0.0.1:${port}`
      const primary = await startPrimary(kubeconfig, {
        program,
        scheme,
        port,
        flags: { endpoint, ...flags },
      })
      running.add(primary)
      void primary.ended.then(() => running.delete(primary))
      return primary
    }

    const first = await start('http')
    await register(controlPlane, client, first.endpoint)
    await first.stop()

    return {
      controlPlane,
      client,
      user: `system:serviceaccount:${home}:conjoin-primary`,
      primaryKey: await readKey(client),
      async grow(size) {
        const primaryUid = controlPlane.kubeSystemUid
        await storeFleet({ client, namespace, primaryUid, from: stored, to: size, atOnce: connections, say })
        stored = size
      },
      start,
      async end() {
        await Promise.all([...running].map((primary) => primary.kill()))
        await client.close()
        await controlPlane.stop()
      },
    }
  } catch (error) {
    await Promise.all([...running].map((primary) => primary.kill()))
    await controlPlane.stop()
    throw error
  }
}

async function register(controlPlane: ControlPlane, client: BareClient, url: string): Promise<void> {
  const k10 = { namespace: 'kasten-io', releaseName: 'k10', ingress: { url } }
  await client.send('POST', `/apis/${apiVersion}/namespaces/${namespace}/bootstraps`, {
    apiVersion,
    kind: 'Bootstrap',
    metadata: { name: 'bootstrap-primary' },
    spec: { clusters: { primary: { name: 'primary', primary: true, k10 } } },
  })
  const wait = ['wait', '--for=create', 'mcc/primary', '-n', namespace, '--timeout=60s']
  const ready = ['wait', '--for=condition=Ready', 'mcc/primary', '-n', namespace, '--timeout=60s']
  for (const args of [wait, ready]) {
    const { exitCode, stderr } = await controlPlane.kubectl(args)
    if (exitCode !== 0) throw new Error(`the primary is not registered: ${stderr.trim()}`)
  }
}

/** The bench is the administrator of its control plane, and may read what nobody else should. */
async function readKey(client: BareClient): Promise<Redacted<string>> {
  const secret = (await client.send(
    'GET',
    `/api/v1/namespaces/${home}/secrets/${primaryIdentityName}`,
  )) as SecretContent
  const identity = decodePrimaryIdentity(secret)
  if (identity === undefined) throw new Error('the primary has stored no key')
  return identity.privateKey
}
