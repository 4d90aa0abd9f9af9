/** An HTTP proxy as a company has one: tunnels by CONNECT, or wants credentials that nobody has given it. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

export interface ForwardProxy {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  /** What it was asked to connect to, `host:port`, in order. */
  readonly targets: readonly string[]
  /** With false it answers 407 from now on. */
  admit(admitted: boolean): void
  close(): Promise<void>
}

export async function startForwardProxy(): Promise<ForwardProxy> {
  const targets: string[] = []
  const open = new Set<Socket>()
  let admits = true
  const server = createServer((_request, response) => {
    response.writeHead(501).end('only CONNECT')
  })
  server.on('connect', (request, client: Socket) => {
    const target = request.url ?? ''
    targets.push(target)
    open.add(client.once('close', () => open.delete(client)))
    client.once('error', () => client.destroy())
    if (!admits) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n')
      return
    }
    const { hostname, port } = new URL(`http://${target}`)
    const upstream = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) }, () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      client.pipe(upstream).pipe(client)
    })
    open.add(upstream.once('close', () => open.delete(upstream)))
    upstream.once('error', () => client.destroy()).once('close', () => client.destroy())
    client.once('close', () => upstream.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    targets,
    admit(admitted) {
      admits = admitted
    },
    async close() {
      server.close()
      server.closeAllConnections()
      for (const socket of open) socket.destroy()
      await once(server, 'close')
    },
  }
}
