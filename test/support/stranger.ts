/**
 * Somebody who knows the address of a primary and sends it whatever he likes, from any address of the loopback network;
 * Linux has a whole one, and each of its addresses is a source of its own. Keeps what he is answered.
 */
import { type IncomingHttpHeaders, request } from 'node:http'
import { connect, type Socket } from 'node:net'

export interface StrangersAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Stranger {
  /** Rejects where the connection ends without an answer. */
  post(
    path: string,
    body: string | Buffer,
    options?: { readonly from?: string; readonly headers?: Readonly<Record<string, string>> },
  ): Promise<StrangersAnswer>
  /** Opens a connection, sends this, and holds still. */
  hold(text: string, from?: string): Socket
  /** All bodies that he got. */
  heard(): string
}

/** `endpoint` speaks plain HTTP. */
export function createStranger(endpoint: string): Stranger {
  const { hostname: host, port } = new URL(endpoint)
  const bodies: string[] = []
  return {
    post: async (path, body, { from = '127.0.0.1', headers = {} } = {}) =>
      new Promise((resolve, reject) => {
        const sent = request(
          {
            host,
            port,
            path,
            method: 'POST',
            localAddress: from,
            headers: { 'content-type': 'application/json', ...headers },
          },
          (answer) => {
            const pieces: Buffer[] = []
            answer.on('data', (piece: Buffer) => pieces.push(piece))
            answer.once('error', reject)
            answer.once('end', () => {
              const text = Buffer.concat(pieces).toString()
              bodies.push(text)
              resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text })
            })
          },
        )
        sent.once('error', reject)
        sent.end(body)
      }),
    hold(text, from = '127.0.0.1') {
      const socket = connect({ host, port: Number(port), localAddress: from })
      socket.on('error', () => undefined).write(text)
      return socket
    },
    heard: () => bodies.join('\n'),
  }
}
