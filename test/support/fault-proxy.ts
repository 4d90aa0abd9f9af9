/**
 * A reverse proxy that breaks one exchange: it lets everything through, streams included, keeps the order of what it
 * recognises, and disturbs the N-th request of a name in the way it was told. Knows nothing of what the requests mean.
 */
import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Transform } from 'node:stream'
import { buffer } from 'node:stream/consumers'

export interface FalseAnswer {
  readonly status: number
  readonly mediaType: string
  readonly body: string
}

export type Fault =
  /** The server never sees the request. */
  | { readonly kind: 'answer-instead'; readonly answer: FalseAnswer }
  /** The server has done what was asked, and the client is told something else. */
  | { readonly kind: 'answer-otherwise'; readonly answer: FalseAnswer }
  /** The server has answered, and the connection ends after this part of the answer's body: 0 is before its head. */
  | { readonly kind: 'cut'; readonly part: number }
  /** The server has answered, and the client waits until it gives up. */
  | { readonly kind: 'silence' }
  /** The server has answered; this runs, and then the connection ends without a byte of the answer. */
  | { readonly kind: 'meanwhile'; readonly act: () => Promise<void> }

export interface Request {
  readonly method: string
  /** With the query. */
  readonly path: string
}

export interface FaultProxyDeps {
  /** Where requests go; asked for each of them. */
  readonly target: () => string
  /** PEM, for a target that speaks TLS. */
  readonly certificateAuthority?: string
  /** The name of a request that counts; undefined for one that only passes. */
  readonly recognise: (request: Request) => string | undefined
  /** What the answer to a request passes through on its way back; nothing where undefined. */
  readonly through?: (request: Request) => Transform | undefined
}

export interface FaultProxy {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  /** The names of what has passed, in the order of arrival. */
  passed(): readonly string[]
  /**
   * Disturbs the `nth` request of this name from now on, the first being 1. It is done when the client can know of it,
   * a silence when the client has given up.
   */
  disturb(step: { readonly name: string; readonly nth: number }, fault: Fault): { isDone(): boolean }
  close(): Promise<void>
}

interface Ambush {
  readonly name: string
  left: number
  readonly fault: Fault
  isDone: boolean
}

/** Longer than any client keeps an idle connection: the proxy itself must never cut one. Milliseconds. */
const idleConnection = 120_000
/** They belong to one connection (RFC 9110 §7.6.1). */
const hopHeaders: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'transfer-encoding'])

export async function startFaultProxy(deps: FaultProxyDeps): Promise<FaultProxy> {
  const passed: string[] = []
  const ambushes = new Set<Ambush>()
  // A handshake for each request would cost more than all else that passes here.
  const connections = new Agent({ keepAlive: true, ca: deps.certificateAuthority })

  function ambushFor(request: Request): Ambush | undefined {
    const name = deps.recognise(request)
    if (name === undefined) return undefined
    passed.push(name)
    const waiting = [...ambushes].find((ambush) => ambush.name === name && ambush.left > 0)
    if (waiting === undefined) return undefined
    waiting.left -= 1
    return waiting.left === 0 ? waiting : undefined
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = { method: request.method ?? '', path: request.url ?? '' }
    const ambush = ambushFor(asked)
    const body = await buffer(request)
    if (ambush?.fault.kind === 'answer-instead') {
      ambush.isDone = true
      give(response, ambush.fault.answer)
      return
    }
    const answer = await forward(
      { url: new URL(request.url ?? '/', deps.target()), connections },
      request,
      body,
      response,
    )
    if (ambush === undefined) {
      response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers))
      // The head of a watch says that it is open, long before its first event.
      response.flushHeaders()
      const part = deps.through?.(asked)
      answer.once('error', () => response.destroy())
      const whole = part === undefined ? answer : answer.pipe(part)
      whole.pipe(response)
      return
    }
    const whole = await buffer(answer)
    await disturbAnswer(ambush.fault, { status: answer.statusCode ?? 502, headers: answer.headers, whole }, response)
    ambush.isDone = true
  }

  const server = createServer({ keepAliveTimeout: idleConnection, requestTimeout: 0 }, (request, response) => {
    // A target that is gone looks to the client as if there were no proxy: its connection ends.
    handle(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A test that fails before it closes the proxy must still end.
  server.unref()
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed: () => passed,
    disturb({ name, nth }, fault) {
      const ambush: Ambush = { name, left: nth, fault, isDone: false }
      ambushes.add(ambush)
      return { isDone: () => ambush.isDone }
    },
    async close() {
      server.close()
      server.closeAllConnections()
      connections.destroy()
      await once(server, 'close')
    },
  }
}

/** Resolves with the head of the answer; a client that goes away ends the request. */
async function forward(
  { url, connections }: { readonly url: URL; readonly connections: Agent },
  request: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
): Promise<IncomingMessage> {
  const headers = { ...endToEnd(request.headers), host: url.host, 'content-length': String(body.length) }
  const options = { method: request.method, headers }
  return new Promise((resolve, reject) => {
    const sent =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, agent: connections }, resolve)
        : httpRequest(url, { ...options, agent: false }, resolve)
    sent.once('error', reject)
    response.once('close', () => sent.destroy())
    sent.end(body)
  })
}

async function disturbAnswer(
  fault: Exclude<Fault, { kind: 'answer-instead' }>,
  answer: { status: number; headers: IncomingMessage['headers']; whole: Buffer },
  response: ServerResponse,
): Promise<void> {
  switch (fault.kind) {
    case 'answer-otherwise':
      give(response, fault.answer)
      return
    case 'cut':
      if (fault.part > 0) {
        // The length promises all of it, so that the client can tell.
        response.writeHead(answer.status, { ...endToEnd(answer.headers), 'content-length': answer.whole.length })
        response.write(answer.whole.subarray(0, Math.floor(answer.whole.length * fault.part)))
      }
      response.socket?.destroySoon()
      return
    case 'silence':
      if (!response.closed) await once(response, 'close')
      return
    case 'meanwhile':
      await fault.act()
      response.destroy()
  }
}

function give(response: ServerResponse, { status, mediaType, body }: FalseAnswer): void {
  response.writeHead(status, { 'content-type': mediaType, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

function endToEnd(headers: IncomingMessage['headers']): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).filter(
      (entry): entry is [string, string | string[]] => entry[1] !== undefined && !hopHeaders.has(entry[0]),
    ),
  )
}
