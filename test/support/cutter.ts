/** A wire that breaks: a relay that passes so many bytes of each connection, and then cuts it. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Bytes of each connection that pass before it is cut, to the server and back; what is left out is not limited. */
export interface Allowance {
  readonly requests?: number
  readonly answers?: number
}

export interface Cutter {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  /** For connections that are made from now on. */
  allow(allowance: Allowance): void
  /** Bytes that the last connection has passed so far. */
  passed(): { readonly requests: number; readonly answers: number }
  close(): Promise<void>
}

/** Relays to the port that `target` gives when a connection comes. */
export async function startCutter(target: () => number): Promise<Cutter> {
  let allowed: Allowance = {}
  let last = { requests: 0, answers: 0 }
  const sockets = new Set<Socket>()

  const server = createServer((client) => {
    const counted = { requests: 0, answers: 0 }
    last = counted
    const limits = allowed
    const upstream = connect(target(), '127.0.0.1')
    const cut = () => {
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket)).once('error', cut)
    }
    for (const [from, to, direction] of [
      [client, upstream, 'requests'],
      [upstream, client, 'answers'],
    ] as const) {
      const limit = limits[direction] ?? Number.POSITIVE_INFINITY
      if (limit === 0 && direction === 'requests') cut()
      from.on('data', (piece: Buffer) => {
        const part = piece.subarray(0, limit - counted[direction])
        counted[direction] += part.length
        // What is allowed arrives before the end does.
        if (counted[direction] >= limit) to.end(part, () => cut())
        else to.write(part)
      })
      from.once('end', () => to.end())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    allow(allowance) {
      allowed = allowance
    },
    passed: () => last,
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
