/** A relay in front of a plain-HTTP server that keeps every byte of both directions: what an eavesdropper would have. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'

export interface Capture {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  /** Requests and answers, in the order of their bytes. */
  traffic(): string
  close(): Promise<void>
}

/** Relays to the URL that `target` gives when a connection comes. */
export async function startCapture(target: () => string): Promise<Capture> {
  const pieces: Buffer[] = []
  const server = createServer((client) => {
    const { hostname, port } = new URL(target())
    const upstream = connect({ host: hostname, port: Number(port) })
    client.on('data', (piece) => pieces.push(piece))
    upstream.on('data', (piece) => pieces.push(piece))
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.pipe(to)
      from.once('error', () => to.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    traffic: () => Buffer.concat(pieces).toString('latin1'),
    async close() {
      server.close()
      await once(server, 'close').catch(() => undefined)
    },
  }
}
