/**
 * A line to one primary: everything that is sent to it goes through here. A connection whose certificate is not accepted
 * carries one thing, the question for a challenge, which holds no secret; every other request goes out over accepted
 * connections only.
 */
import type { Socket } from 'node:net'
import { Agent } from 'undici'
import type { Clock } from '../../lib/clock.ts'
import {
  askForChallenge,
  type Challenge,
  type ChallengeRequest,
  challengeAnswerSchema,
  openChallenge,
} from '../../protocol/challenge.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { PublicKey } from '../../protocol/keys.ts'
import { challengePath } from '../../protocol/wire.ts'
import type { Answer } from './answer.ts'
import { located, unexpectedAnswer } from './failures.ts'
import { answerTimeout, type post as postOverHttp } from './http.ts'
import { openTunnel, type Proxies, proxyAuthorization, proxyFor, refusedByProxy } from './proxy.ts'
import type { Roots } from './roots.ts'
import type { SpareConnections } from './spare-connections.ts'
import { type ConnectTarget, connectPlain, connectTls, type Leaf, type VouchedLeaves } from './tls.ts'

export interface LineDeps {
  readonly roots: Roots
  readonly leaves: VouchedLeaves
  readonly spare: SpareConnections
  readonly proxies: Proxies
  /** Sends one request. */
  readonly post: typeof postOverHttp
  readonly clock: Clock
}

/** The primary that is meant, and how far a connection to it is trusted. */
export interface LineOptions {
  /** UID of its `kube-system` namespace. */
  readonly primaryUid: string
  readonly primaryKey: PublicKey
  /** The user's `allow-untrusted-primary-tls`: every certificate is accepted. */
  readonly allowUntrustedTls: boolean
}

export interface Introduction {
  readonly request: ChallengeRequest
  readonly challenge: Challenge
}

export interface PrimaryLine {
  /**
   * Asks for a challenge, over a new connection, and believes only the primary's signature. Where the certificate is not
   * valid the challenge has to vouch for it. The connection is accepted then, and what is sent next goes over it. Throws
   * `ProtocolError`, `TlsUntrusted` among others.
   */
  introduce(
    endpoint: string,
    asker: { tokenId: string | null; thumbprint: string },
    signal: AbortSignal,
  ): Promise<Introduction>
  /**
   * Sends JSON text to a path of the protocol, over an accepted connection; once more over a new one, where the one that was
   * kept since the last request ends without an answer. Throws `ProtocolError`.
   */
  post(
    endpoint: string,
    path: string,
    request: { body: string; headers?: Record<string, string> },
    signal: AbortSignal,
  ): Promise<Answer>
  /** Nothing more may be sent; requests in flight fail. */
  close(): void
}

/** Between two requests, milliseconds: beats at short intervals share a connection, rare ones do not hold one. */
const idleConnection = 30_000

/** Opens a line; nothing is sent and no connection made yet. */
export type OpenLine = (options: LineOptions) => PrimaryLine

export function openLine(deps: LineDeps, options: LineOptions): PrimaryLine {
  const { leaves, spare, post, clock } = deps
  const { primaryUid, primaryKey, allowUntrustedTls } = options

  function assertAccepted(leaf: Leaf): void {
    if (leaf.fault === undefined || allowUntrustedTls || leaves.has(primaryKey.thumbprint, leaf.spki)) return
    throw new ProtocolError('TlsUntrusted', `the primary's TLS certificate is not trusted (${leaf.fault})`)
  }

  /** Its connections have been accepted, at once or by an introduction. */
  const acceptance = JSON.stringify([primaryKey.thumbprint, allowUntrustedTls])
  let accepted = spare.take(acceptance) ?? openAgent(deps, assertAccepted)
  let inFlight = 0
  let isClosed = false

  function keep(introduced: Agent): void {
    void (isClosed ? introduced.destroy() : accepted.close())
    if (!isClosed) accepted = introduced
  }

  async function send(
    agent: Agent,
    endpoint: string,
    path: string,
    { body, headers = {} }: { body: string; headers?: Record<string, string> },
    signal: AbortSignal,
  ): Promise<Answer> {
    const url = new URL(endpoint + path)
    const forwarding = url.protocol === 'http:' ? proxyFor(url, deps.proxies) : undefined
    const request = { dispatcher: agent, body, where: endpoint }
    if (forwarding === undefined)
      return post({ ...request, origin: url.origin, path: url.pathname, headers }, { clock, signal })
    // Plain HTTP through a proxy: it is given the whole URL (RFC 9112 §3.2.2).
    const forwarded = { host: url.host, ...proxyAuthorization(forwarding), ...headers }
    const answer = await post(
      { ...request, origin: forwarding.origin, path: url.href, headers: forwarded },
      { clock, signal },
    )
    if (answer.status === 407) throw refusedByProxy(forwarding, answer.status)
    return answer
  }

  return {
    async introduce(endpoint, { tokenId, thumbprint }, signal) {
      const request = askForChallenge({ tokenId, primaryKey, thumbprint })
      let shown: Leaf | undefined
      const agent = openAgent(deps, (leaf) => {
        // The one that carries the question is judged by its answer; every later one at once.
        if (shown === undefined) shown = leaf
        else assertAccepted(leaf)
      })
      try {
        const answer = await send(agent, endpoint, challengePath, { body: JSON.stringify(request) }, signal)
        const parsed = challengeAnswerSchema.safeParse(answer.body)
        if (!parsed.success) throw unexpectedAnswer(answer, endpoint)
        const challenge = await openChallenge(parsed.data.challenge, { request, primaryUid, primaryKey })
        if (shown !== undefined && challenge.spki.includes(shown.spki)) leaves.add(primaryKey.thumbprint, shown.spki)
        if (shown !== undefined) assertAccepted(shown)
        keep(agent)
        return { request, challenge }
      } catch (error) {
        void agent.destroy()
        throw error instanceof ProtocolError ? located(error, endpoint) : error
      }
    },

    async post(endpoint, path, request, signal) {
      // Its connections may be another line's by now.
      if (isClosed) throw new ProtocolError('ConnectRefused', `what ${endpoint} was asked for is not wanted any more`)
      inFlight += 1
      const isKept = hasConnection(accepted)
      try {
        return await send(accepted, endpoint, path, request, signal)
      } catch (error) {
        if (!isKept || !(error instanceof ProtocolError) || error.code !== 'ConnectRefused') throw error
        // A server that stops ends what it keeps, also while a request is on its way there. Every step may be repeated.
        return await send(accepted, endpoint, path, request, signal)
      } finally {
        inFlight -= 1
      }
    },

    close() {
      if (isClosed) return
      isClosed = true
      if (inFlight === 0) spare.put(acceptance, accepted)
      else void accepted.destroy()
    },
  }
}

/** Whether the next request goes over a connection that is open already. */
function hasConnection(agent: Agent): boolean {
  return Object.values(agent.stats).some(({ connected }) => Boolean(connected))
}

/** An agent whose TLS connections are shown to `judge`, which throws to end them before the first byte. */
function openAgent({ roots, proxies }: LineDeps, judge: (leaf: Leaf) => void): Agent {
  async function open(target: ConnectTarget): Promise<Socket> {
    if (target.protocol !== 'https:') return connectPlain(target)
    const port = target.port || '443'
    const url = new URL(`https://${target.host ?? target.hostname}`)
    const proxy = proxyFor(url, proxies)
    const context = roots()
    const tunnel = proxy === undefined ? undefined : await openTunnel(proxy, `${url.hostname}:${port}`, context)
    return connectTls(target, { roots: context, tunnel, judge })
  }
  return new Agent({
    connections: 1,
    keepAliveTimeout: idleConnection,
    keepAliveMaxTimeout: idleConnection,
    headersTimeout: answerTimeout,
    bodyTimeout: answerTimeout,
    allowH2: false,
    connect: (target, give) => {
      open(target).then(
        (socket) => give(null, socket),
        (error: unknown) => give(error as Error, null),
      )
    },
  })
}
