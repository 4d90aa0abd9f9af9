/** A wire that breaks: a relay that passes so many bytes, and then cuts whatever comes until the wire is whole again. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Bytes that pass before the wire is cut, to the server and back; what is left out is not limited. */
export interface Allowance {
  readonly requests?: number
  readonly answers?: number
}

export interface Cutter {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  /** For connections that are made from now on, all of them together: what is sent again meets the same wire. */
  allow(allowance: Allowance): void
  /** Bytes that have passed since. */
  passed(): { readonly requests: number; readonly answers: number }
  close(): Promise<void>
}

interface Wire {
  readonly limits: Allowance
  readonly counted: { requests: number; answers: number }
}

/** Relays to the port that `target` gives when a connection comes. */
export async function startCutter(target: () => number): Promise<Cutter> {
  let wire: Wire = { limits: {}, counted: { requests: 0, answers: 0 } }
  const sockets = new Set<Socket>()

  const server = createServer((client) => {
    const { limits, counted } = wire
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
      if (counted[direction] >= limit) cut()
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
    allow(limits) {
      wire = { limits, counted: { requests: 0, answers: 0 } }
    },
    passed: () => wire.counted,
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}
