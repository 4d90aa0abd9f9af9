/**
 * The join endpoint: HTTP in front of the services. It reads bodies strictly, answers problems for what nobody signs, and
 * says nothing of its inside. The only file of the primary that imports fastify.
 */
import { Server } from 'node:https'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import { KubeApiError } from '../../kube/errors.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import type { PrimaryMetrics } from '../../lib/metrics.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import {
  challengePath,
  heartbeatPath,
  joinPath,
  leavePath,
  maxRequestBytes,
  nonceHeader,
  pathPrefix,
  proofHeader,
  rekeyPath,
} from '../../protocol/wire.ts'
import { type Answer, problemOf } from '../answer.ts'
import { readBody } from '../body.ts'
import type { HeartbeatService } from '../heartbeat/heartbeat-service.ts'
import type { JoinService } from '../join/join-service.ts'
import type { LeaveService } from '../leave/leave-service.ts'
import type { Buckets } from '../load/buckets.ts'
import { sourceOf } from '../load/source.ts'
import type { MemberRequest } from '../member/member-desk.ts'
import type { MemberLane } from '../member/member-lane.ts'
import type { RekeyService } from '../rekey/rekey-service.ts'
import type { Certificate } from './certificate.ts'
import { boundClosing } from './closing.ts'
import { boundIdleConnections } from './connections.ts'
import type { ServedCertificate } from './served-certificate.ts'

/**
 * Any path before the routes: that of the endpoint, none where an ingress strips it, and one that the endpoint had before,
 * under which members learn of the new one. No empty and no dot segments.
 */
const pathBefore = new RegExp(`^(?:/(?!\\.{1,2}/)(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+)+(?=${pathPrefix}/)`)

export interface JoinServerDeps {
  readonly joins: JoinService
  readonly heartbeats: HeartbeatService
  readonly rekeys: RekeyService
  readonly leaves: LeaveService
  /** Absent: plain HTTP, for an ingress that ends TLS. */
  readonly certificate: Pick<ServedCertificate, 'current' | 'onChange'> | undefined
  /** Proxies whose X-Forwarded-For is believed: addresses and CIDR ranges. */
  readonly trustedProxies: readonly string[]
  /** Requests without a proof, by source. */
  readonly sources: Buckets
  /** Requests of members that do not count against their source. */
  readonly lane: MemberLane
  /** Why this replica can do nothing for anybody at the moment, where another one may; undefined where it can. */
  readonly outage: () => string | undefined
  readonly metrics: Pick<PrimaryMetrics, 'answered'>
  readonly clock: Pick<Clock, 'after'>
  readonly log: Logger
}

/** What the operator needs of a join server, on whatever network that answers. */
export interface JoinServer {
  listen(address: { readonly host: string; readonly port: number }): Promise<unknown>
  addresses(): readonly object[]
  close(): PromiseLike<void>
}

export type OpenJoinServer = (deps: JoinServerDeps) => JoinServer

/** Header and body of a request, and before them the TLS handshake, have to arrive within this, milliseconds. */
export const requestTimeout = 10_000
/** Node's default of 30 s would let a slow request live three times as long. */
const connectionsCheckingInterval = 1_000
const limits = { connectionsCheckingInterval, headersTimeout: requestTimeout }
/** Connections that are held for members until their next heartbeat, and by whoever else opens one. */
export const maxIdleConnections = 2_000
const heartbeatRoute = heartbeatPath(':name')
const rekeyRoute = rekeyPath(':name')
const leaveRoute = leavePath(':name')
const memberRoutes: ReadonlySet<string | undefined> = new Set([heartbeatRoute, rekeyRoute, leaveRoute])
const routeNames: Readonly<Record<string, string>> = {
  [challengePath]: 'challenge',
  [joinPath]: 'join',
  [heartbeatRoute]: 'heartbeat',
  [rekeyRoute]: 'rekey',
  [leaveRoute]: 'leave',
}
/** RFC 9457. */
const problemType = 'application/problem+json'

export function createJoinServer(deps: JoinServerDeps): FastifyInstance {
  const server = fastify({
    // Where `https` is given, fastify does not look at `http`.
    ...(deps.certificate === undefined ? { http: limits } : { https: tlsOptions(deps.certificate.current()) }),
    requestTimeout,
    bodyLimit: maxRequestBytes,
    trustProxy: [...deps.trustedProxies],
    rewriteUrl: (request) => (request.url ?? '/').replace(pathBefore, ''),
    // The routes read what they need; a log line for each request would be a stranger's to write.
    logger: false,
    forceCloseConnections: 'idle',
    // Whoever is connected already is answered as ever: fastify's own 503 looks like that of another program.
    return503OnClosing: false,
    // What no route can be looked for. Fastify's own answer would repeat the path, and count against nobody.
    frameworkErrors: (_error, request, reply) => {
      deps.sources.take(sourceOf(request.ip))
      void sendProblem(reply, 400, 'Malformed', 'the path is not well-formed')
    },
  }) as unknown as FastifyInstance
  boundIdleConnections(server.server, maxIdleConnections)
  boundClosing(server, deps.clock)
  const tls = server.server
  if (tls instanceof Server) deps.certificate?.onChange((next) => tls.setSecureContext(secureContext(next)))

  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body)
  })
  /** The source that each request counts against. */
  const charged = new WeakMap<FastifyRequest, string>()
  server.addHook('onRequest', async (request, reply) => {
    const outage = deps.outage()
    if (outage !== undefined) return sendElsewhere(reply, outage)
    const { url } = request.routeOptions
    if (memberRoutes.has(url) && deps.lane.admits(proofOf(request))) return undefined
    const source = sourceOf(request.ip)
    const wait = deps.sources.take(source)
    if (wait > 0) return send(reply, tooMany(wait))
    charged.set(request, source)
    return undefined
  })
  server.addHook('onResponse', async ({ routeOptions }, { statusCode }) => {
    deps.metrics.answered(routeNames[routeOptions.url ?? ''] ?? 'none', statusCode)
  })
  server.setErrorHandler((error, _request, reply) => send(reply, answerError(deps.log, error)))
  server.setNotFoundHandler((_request, reply) => sendProblem(reply, 404, 'NotFound', 'no such route'))

  /** A request that was proven gives back what it has cost, and so does the challenge before it. */
  const settle = (request: FastifyRequest, answer: Answer, cost: number): Answer => {
    const source = charged.get(request)
    if (answer.isProven === true && source !== undefined) deps.sources.giveBack(source, cost)
    return answer
  }
  server.post(challengePath, async (request, reply) =>
    send(reply, await deps.joins.challenge(readBody(request.body as Buffer))),
  )
  server.post(joinPath, async (request, reply) => {
    const answer = await deps.joins.join(readBody(request.body as Buffer))
    return send(reply, settle(request, answer, 2))
  })
  const serveMember = (route: string, answerTo: (request: MemberRequest) => Promise<Answer>) => {
    server.post<{ Params: { name: string } }>(route, async (request, reply) => {
      const answer = await answerTo({
        clusterName: request.params.name,
        token: readToken(request.headers.authorization),
        proof: proofOf(request),
        body: request.body as Buffer,
      })
      return send(reply, settle(request, answer, 1))
    })
  }
  serveMember(heartbeatRoute, async (request) => deps.heartbeats.heartbeat(request))
  serveMember(rekeyRoute, async (request) => deps.rekeys.rekey(request))
  serveMember(leaveRoute, async (request) => deps.leaves.leave(request))
  return server
}

function tlsOptions(certificate: Certificate) {
  return { ...limits, ...secureContext(certificate), handshakeTimeout: requestTimeout }
}

function secureContext({ certificatePem, privateKeyPem }: Certificate) {
  return { cert: certificatePem, key: privateKeyPem, minVersion: 'TLSv1.2' as const }
}

function proofOf(request: FastifyRequest): string {
  return String(request.headers[proofHeader] ?? '')
}

function readToken(authorization: string | undefined): string {
  const token = /^DPoP ([A-Za-z0-9_.-]+)$/.exec(authorization ?? '')?.[1]
  if (token === undefined) throw new ProtocolError('ProofInvalid', 'the request carries no communication token')
  return token
}

/** What is answered where a service has failed; the log hears more of it. */
export function answerError(log: Logger, error: unknown): Answer {
  if (error instanceof ProtocolError) {
    log.debug({ code: error.code, err: error }, 'request refused')
    return problemOf(error)
  }
  if (error instanceof KubeApiError) {
    log.warn({ err: error }, 'the API server did not do what a request needs')
    return problemOf(new ProtocolError('Busy', 'the primary cannot reach its API server'))
  }
  const status = (error as { statusCode?: number }).statusCode ?? 500
  if (status >= 500) {
    log.error({ err: error }, 'request failed')
    return problemOf(new ProtocolError('Internal'))
  }
  // Fastify's own: a body that is too large, of another type, or cut off.
  return problemOf(new ProtocolError('Malformed', 'the body is too large, or not JSON'), status)
}

function tooMany(waitMs: number): Answer {
  const message = 'too many requests without a proof from this address'
  return problemOf(new ProtocolError('Busy', message, { retryAfterMs: waitMs }), 429)
}

/** The next connection may lead to another replica; this one would lead here again. */
function sendElsewhere(reply: FastifyReply, outage: string): FastifyReply {
  return send(reply.header('connection', 'close'), problemOf(new ProtocolError('Busy', outage)))
}

function send(reply: FastifyReply, answer: Answer): FastifyReply {
  if (answer.nonce !== undefined) void reply.header(nonceHeader, answer.nonce)
  if (answer.retryAfter !== undefined) void reply.header('retry-after', String(answer.retryAfter))
  const type = 'code' in answer.body ? problemType : 'application/json'
  void reply.status(answer.status).header('cache-control', 'no-store').header('content-type', type)
  // As bytes: to a text fastify would add a charset, which JSON does not have (RFC 8259 §11).
  return reply.send(Buffer.from(JSON.stringify(answer.body)))
}

function sendProblem(reply: FastifyReply, status: number, code: string, detail: string): FastifyReply {
  return send(reply, { status, body: { type: 'about:blank', title: detail, status, code, detail } })
}
