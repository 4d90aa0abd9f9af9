/**
 * A relay for connections to an API server: a test counts them, cuts them, or lets them fall silent. It ends no TLS and
 * knows nothing of requests.
 */
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import path from 'node:path'
import type { TestContext } from 'node:test'
import { parse, stringify } from 'yaml'
import type { ClusterAccess } from '../../tools/controlplane/access.ts'

export interface KubeRelay {
  /** The administrator's kubeconfig by way of the relay. */
  readonly kubeconfig: string
  /** All since the start. */
  connections(): number
  /** What is open now passes nothing any more, and stays open on both sides; new connections pass. */
  silence(): void
  /** What is open now is reset, as by a server that was killed. */
  cut(): void
  /** What becomes of new connections: they pass, they are reset, or they are taken and hear nothing. */
  treat(newcomers: Treatment): void
}

export type Treatment = 'pass' | 'reset' | 'ignore'

/** Ends with the test. */
export async function startKubeRelay(context: TestContext, controlPlane: ClusterAccess): Promise<KubeRelay> {
  const target = { host: '127.0.0.1', port: Number(new URL(controlPlane.url).port) }
  const pairs = new Set<readonly [Socket, Socket]>()
  let connections = 0
  let treatment: Treatment = 'pass'

  const server = createServer((client) => {
    connections += 1
    if (treatment === 'reset') {
      client.resetAndDestroy()
      return
    }
    const upstream = connect(target)
    const pair = [client, upstream] as const
    pairs.add(pair)
    if (treatment === 'pass') client.pipe(upstream).pipe(client)
    for (const socket of pair) {
      socket.on('error', () => undefined)
      socket.once('close', () => {
        pairs.delete(pair)
        for (const other of pair) other.destroy()
      })
    }
  })
  const port = await listen(context, server)
  const cut = () => {
    for (const [client, upstream] of pairs) {
      // Node never closes a socket that is reset while it is being shut down, and then does not end either.
      if (client.writableEnded) client.destroy()
      else client.resetAndDestroy()
      upstream.destroy()
    }
  }
  context.after(cut)
  return {
    kubeconfig: await kubeconfigBy(controlPlane, port),
    connections: () => connections,
    silence() {
      for (const pair of pairs) for (const socket of pair) socket.unpipe().pause()
    },
    cut,
    treat(newcomers) {
      treatment = newcomers
    },
  }
}

/** A free port of 127.0.0.1 on which the server listens until the end of the test. */
export async function listen(context: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => server.close())
  return (server.address() as AddressInfo).port
}

/** Path of the administrator's kubeconfig with this port, and with more or other members of its cluster. */
export async function kubeconfigBy(
  controlPlane: ClusterAccess,
  port: number,
  cluster: Readonly<Record<string, string | undefined>> = {},
): Promise<string> {
  const config = parse(await readFile(controlPlane.kubeconfig, 'utf8')) as { clusters: { cluster: object }[] }
  for (const entry of config.clusters) {
    entry.cluster = { ...entry.cluster, server: `https://127.0.0.1:${port}`, ...cluster }
  }
  const file = path.join(controlPlane.dir, `by-${port}.kubeconfig`)
  await writeFile(file, stringify(config, { version: '1.1' }), { mode: 0o600 })
  return file
}
