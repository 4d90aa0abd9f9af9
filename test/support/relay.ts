/** Spreads connections over several servers in turn, as a Service or a load balancer does; one that is gone is left out. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Relay {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  /** Ends every connection; whoever connects again gets through. */
  cut(): void
  close(): Promise<void>
}

/** `targets` are asked for with each connection: URLs whose host and port count. */
export async function startRelay(targets: () => readonly string[]): Promise<Relay> {
  let turn = 0
  const sockets = new Set<Socket>()

  async function serve(client: Socket): Promise<void> {
    const all = targets()
    const order = all.map((_, index) => all[(turn + index) % all.length] ?? '')
    turn += 1
    for (const target of order) {
      const upstream = await reach(target)
      if (upstream === undefined) continue
      sockets.add(upstream.once('close', () => sockets.delete(upstream)))
      client.pipe(upstream).pipe(client)
      client.once('error', () => upstream.destroy()).once('close', () => upstream.destroy())
      upstream.once('error', () => client.destroy()).once('close', () => client.destroy())
      return
    }
    client.destroy()
  }

  function cut(): void {
    for (const socket of sockets) socket.destroy()
  }

  const server = createServer((client) => {
    sockets.add(client.once('close', () => sockets.delete(client)))
    client.once('error', () => client.destroy())
    void serve(client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    async close() {
      server.close()
      cut()
      await once(server, 'close')
    },
  }
}

/** An open connection; undefined where nobody listens. */
async function reach(target: string): Promise<Socket | undefined> {
  const { hostname, port } = new URL(target)
  const socket = connect({ host: hostname, port: Number(port) })
  try {
    await once(socket, 'connect')
    return socket
  } catch {
    return undefined
  }
}
