/** The admin port: liveness, readiness, metrics. It answers about this process only and holds nothing secret. */
import { fastify } from 'fastify'
import type { Exposition } from './metrics.ts'

export interface AdminServer {
  /** The port in use; another one than asked for where 0 was asked for. */
  readonly port: number
  close(): Promise<void>
}

/** Starts to listen. `notReady` says why the process is not ready; an empty list means ready. */
export async function startAdminServer(
  listen: { host: string; port: number },
  notReady: () => readonly string[],
  metrics: Exposition,
): Promise<AdminServer> {
  metrics.readiness(() => notReady().length === 0)
  // It ends with its process, whoever is connected: nobody who asks for nothing may hold that up.
  const server = fastify({ logger: false, forceCloseConnections: true })
  server.get('/livez', () => 'ok\n')
  server.get('/readyz', (_request, reply) => {
    const reasons = notReady()
    if (reasons.length === 0) return 'ok\n'
    return reply.status(503).send(`${reasons.join('\n')}\n`)
  })
  server.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()))
  await server.listen(listen)
  const address = server.server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : listen.port,
    close: () => server.close(),
  }
}
