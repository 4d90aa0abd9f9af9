/**
 * Bounds the connections that nobody uses at the moment: each costs memory, under TLS some 36 KiB. It counts and closes
 * connections, and knows nothing of what is asked over them.
 */
import type { Server as HttpServer } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { Socket } from 'node:net'

/** Keeps at most `most` idle connections; for one more, the one that has been idle for longest is closed. */
export function boundIdleConnections(server: HttpServer | HttpsServer, most: number): void {
  /** The longest idle first. */
  const idle = new Set<Socket>()

  function rest(socket: Socket): void {
    if (socket.destroyed) return
    idle.add(socket)
    if (idle.size <= most) return
    const [oldest] = idle
    if (oldest === undefined) return
    idle.delete(oldest)
    oldest.destroy()
  }

  // Under TLS a connection counts from its handshake on, which has a limit of its own.
  server.on('setContext' in server ? 'secureConnection' : 'connection', (socket: Socket) => {
    socket.once('close', () => idle.delete(socket))
    rest(socket)
  })
  server.on('request', ({ socket }, answer) => {
    idle.delete(socket)
    answer.once('close', () => rest(socket))
  })
}
