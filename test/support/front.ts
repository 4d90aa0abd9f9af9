/**
 * What may stand between a secondary and its primary: a server that relays, or does something else at a word of the
 * test's. It remembers what it was asked.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, request as tlsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { PassThrough, Transform } from 'node:stream'
import { Recorder } from './recorder.ts'

export type Behaviour =
  /** Hands everything on, both ways. */
  | { readonly kind: 'relay' }
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string
    }
  /** Reads the request, hands it on, and cuts the connection instead of answering, but for answers of the status that it spares. */
  | { readonly kind: 'reset'; readonly spares?: number }
  /** Sends an answer of a gigabyte until the other side has had enough; its length may be announced, or not. */
  | { readonly kind: 'gigabyte'; readonly announced: boolean }
  /** Hands the request on, and changes a letter of each answer. */
  | { readonly kind: 'tamper' }

export interface Front {
  readonly url: string
  /** Paths, in the order of the requests. */
  readonly paths: readonly string[]
  /** The heads and the bodies of the requests. */
  requests(): string
  /** The bodies that it has handed back unchanged. */
  answers(): string
  /** How much of each answer of a gigabyte was sent, bytes. */
  gigabytes(): readonly number[]
  behave(behaviour: Behaviour): void
  /** Stops to listen; `up` begins again on the same port. */
  down(): Promise<void>
  up(): Promise<void>
}

export async function startFront(
  target: () => string,
  certificate?: { readonly certificatePem: string; readonly privateKeyPem: string },
): Promise<Front> {
  const paths: string[] = []
  const requests = new Recorder()
  const answers = new Recorder()
  const gigabytes: Sent[] = []
  let behaviour: Behaviour = { kind: 'relay' }
  const handle = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    paths.push(incoming.url ?? '')
    requests.keep(Buffer.from(`${incoming.method} ${incoming.url}\n${incoming.rawHeaders.join('\n')}\n\n`))
    incoming.on('data', (piece: Buffer) => requests.keep(piece))
    const current = behaviour
    switch (current.kind) {
      case 'relay':
        relay(target(), incoming, outgoing, { through: answers.stream() })
        break
      case 'reset':
        relay(target(), incoming, outgoing, {
          instead: (status) => {
            if (status !== current.spares) incoming.socket.resetAndDestroy()
          },
        })
        break
      case 'tamper':
        relay(target(), incoming, outgoing, { through: changeLetter() })
        break
      case 'answer':
        outgoing.writeHead(current.status, current.headers)
        outgoing.end(current.body)
        break
      case 'gigabyte':
        outgoing.writeHead(200, {
          'content-type': 'application/json',
          ...(current.announced ? { 'content-length': gigabyte } : {}),
        })
        gigabytes.push(sendGigabyte(outgoing))
        break
    }
  }
  const server =
    certificate === undefined
      ? createServer(handle)
      : createTlsServer({ cert: certificate.certificatePem, key: certificate.privateKeyPem }, handle)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    paths,
    requests: () => requests.text(),
    answers: () => answers.text(),
    gigabytes: () => gigabytes.map(({ bytes }) => bytes),
    behave(next) {
      behaviour = next
    },
    async down() {
      if (!server.listening) return
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
    async up() {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
    },
  }
}

/** `instead` may end the connection when the answer has come; the answer's body goes `through`. */
function relay(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { instead, through = new PassThrough() }: { instead?: (status: number | undefined) => void; through?: Transform },
): void {
  const url = new URL(incoming.url ?? '/', target)
  const send = url.protocol === 'https:' ? tlsRequest : request
  const options = { method: incoming.method, headers: incoming.headers, rejectUnauthorized: false }
  const upstream = send(url, options, (answer) => {
    instead?.(answer.statusCode)
    if (outgoing.destroyed) return
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(through).pipe(outgoing)
  })
  upstream.once('error', () => outgoing.destroy())
  // A watch whose client has gone would go on behind it.
  outgoing.once('close', () => upstream.destroy())
  incoming.pipe(upstream)
}

/** Changes the last letter before the end of a JSON text: it belongs to a signature, or to a seal. */
function changeLetter(): Transform {
  return new Transform({
    transform: (piece: Buffer, _encoding, done) => {
      const changed = piece.toString().replace(/[\w-](?="\}$)/, (letter) => (letter === 'A' ? 'B' : 'A'))
      done(null, changed)
    },
  })
}

interface Sent {
  bytes: number
}

const gigabyte = 2 ** 30

/** Spaces, as fast as they are taken, until all are sent or nobody takes them. */
function sendGigabyte(outgoing: ServerResponse): Sent {
  const sent: Sent = { bytes: 0 }
  const piece = Buffer.alloc(64 * 1024, 0x20)
  const write = () => {
    while (!outgoing.destroyed && sent.bytes < gigabyte) {
      sent.bytes += piece.length
      if (!outgoing.write(piece)) return
    }
    outgoing.end()
  }
  outgoing.on('drain', write)
  outgoing.once('error', () => undefined)
  write()
  return sent
}
