/**
 * Bounds the connections that nobody uses at the moment: each costs memory, under TLS some 36 KiB. It counts and closes
 * connections, and knows nothing of what is asked over them.
 */
import type { Server as HttpServer } from 'node:http'
import type { Server as HttpsServer } from 'node:https'
import type { Socket } from 'node:net'

/**
 * Keeps at most `most` idle connections, those in their handshake among them; for one more, the one that has been idle for
 * longest is closed.
 */
export function boundIdleConnections(server: HttpServer | HttpsServer, most: number): void {
  /** By peer, because under TLS a connection is two sockets; the longest idle first. */
  const idle = new Map<string, Socket>()

  function rest(peer: string, socket: Socket): void {
    if (socket.destroyed) return
    idle.delete(peer)
    idle.set(peer, socket)
    if (idle.size <= most) return
    const [oldest] = idle
    if (oldest === undefined) return
    idle.delete(oldest[0])
    oldest[1].destroy()
  }

  function begin(socket: Socket): void {
    const peer = peerOf(socket)
    socket.once('close', () => idle.delete(peer))
    rest(peer, socket)
  }

  server.on('connection', begin)
  server.on('secureConnection', begin)
  server.on('request', ({ socket }, answer) => {
    const peer = peerOf(socket)
    idle.delete(peer)
    answer.once('close', () => rest(peer, socket))
  })
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
