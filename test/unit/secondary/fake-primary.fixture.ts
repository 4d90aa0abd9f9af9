/**
 * A primary on loopback that speaks `mcj/1` with its own key and admits whom a test tells it to. It keeps no clusters:
 * what it answers is the test's choice, and every byte that reaches it is recorded.
 */

import { createHash, X509Certificate } from 'node:crypto'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { TLSSocket } from 'node:tls'
import { Redacted } from '../../../src/lib/redacted.ts'
import { createSelfSignedCertificate } from '../../../src/primary/server/certificate.ts'
import { type ChallengeRequest, signChallenge } from '../../../src/protocol/challenge.ts'
import { createIssuer, type Issuer } from '../../../src/protocol/issuer.ts'
import { decodeJoinRequest, verifyJoinRequest } from '../../../src/protocol/join-request.ts'
import { type Refusal, sealAcceptance, signRefusal } from '../../../src/protocol/join-result.ts'
import { decodeReturnRequest, verifyReturnRequest } from '../../../src/protocol/join-return.ts'
import { issuerNamed, type Keyring } from '../../../src/protocol/keyring.ts'
import { generateSigningKey } from '../../../src/protocol/keys.ts'
import { signMembershipToken } from '../../../src/protocol/membership-token.ts'
import { createNonce, memberContext } from '../../../src/protocol/nonce.ts'
import { claimedThumbprint, verifyPossession } from '../../../src/protocol/possession-proof.ts'
import { type Reply, replyStatus, signReply } from '../../../src/protocol/reply.ts'
import { issueToken, type JoinToken, parseToken } from '../../../src/protocol/token.ts'
import { keyringOf } from '../../support/keyring.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void | Promise<void>

export interface ReceivedRequest {
  readonly path: string
  readonly body: string
  readonly headers: IncomingMessage['headers']
  /** The TLS session was resumed: the sender has seen no certificate. */
  readonly isSessionReused: boolean
}

export interface FakePrimary {
  /** With the path `/k10`. */
  readonly endpoint: string
  readonly port: number
  readonly issuer: Issuer
  readonly token: JoinToken
  /** PEM of its certificate; empty for plain HTTP. */
  readonly certificate: string
  readonly requests: readonly ReceivedRequest[]
  /** What must never be sent: the token, and its secret in base64url and in hex. */
  readonly secrets: readonly string[]
  /** Takes the place of its own answer. */
  intercept: Handler | undefined
  /** Its own answer. */
  readonly answer: Handler
  /** What the challenge vouches for; its own leaf where undefined. */
  spki: readonly string[] | undefined
  /** Undefined: admitted as `east`. */
  refusal: Refusal | undefined
  reply: Reply
  /** What it holds; it answers by the key that is named. */
  keyring: Keyring
  close(): Promise<void>
}

export async function startFakePrimary({ tls = true }: { tls?: boolean } = {}): Promise<FakePrimary> {
  const key = generateSigningKey()
  const issuer: Issuer = createIssuer('primary-uid', key)
  const certificate = tls
    ? await createSelfSignedCertificate({ hosts: ['127.0.0.1', 'primary.test'], days: 1, now: Date.now() })
    : undefined
  const requests: ReceivedRequest[] = []

  const listener = async (request: IncomingMessage, response: ServerResponse) => {
    const pieces: Buffer[] = []
    for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece)
    const body = Buffer.concat(pieces).toString()
    const { socket } = request
    const isSessionReused = socket instanceof TLSSocket && socket.isSessionReused()
    requests.push({ path: request.url ?? '', body, headers: request.headers, isSessionReused })
    try {
      await (primary.intercept ?? ownAnswer)(request, response, body)
    } catch (error) {
      response.writeHead(500, { 'content-type': 'text/plain' }).end(String(error))
    }
  }
  const server =
    certificate === undefined
      ? createHttpServer((request, response) => void listener(request, response))
      : createHttpsServer(
          { cert: certificate.certificatePem, key: certificate.privateKeyPem },
          (request, response) => void listener(request, response),
        )
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const endpoint = `${tls ? 'https' : 'http'}://127.0.0.1:${port}/k10`
  const issued = issueToken({ uid: issuer.uid, key, endpoints: [endpoint] })

  async function ownAnswer(request: IncomingMessage, response: ServerResponse, body: string): Promise<void> {
    const path = (request.url ?? '').replace(/^\/k10/, '')
    if (path === '/mc/v1/join/challenge') return challenge(response, JSON.parse(body) as ChallengeRequest)
    if (path === '/mc/v1/join') return join(response, JSON.parse(body) as { request: string; token?: string })
    return heartbeat(request, response, body)
  }

  async function challenge(response: ServerResponse, asked: ChallengeRequest): Promise<void> {
    const leaf = certificate === undefined ? [] : [spkiOf(certificate.certificatePem)]
    const named = issuerNamed(primary.keyring, asked.kid) ?? issuer
    const signed = await signChallenge(named, asked, { spki: primary.spki ?? leaf, now: Date.now() })
    sendJson(response, 200, { challenge: signed })
  }

  async function join(response: ServerResponse, body: { request: string; token?: string }): Promise<void> {
    const { request, token } = body
    const { key: joiner, claims } =
      token === undefined
        ? await verifyJoinRequest(decodeJoinRequest(request), issuer.uid)
        : await verifyReturnRequest(decodeReturnRequest(request, token), issuer.uid)
    const echoes = { jkt: claims.iss, sub: claims.sub, cn: claims.cn, sn: claims.sn }
    if (primary.refusal !== undefined) {
      sendJson(response, 403, { result: await signRefusal(issuer, { echoes, request }, primary.refusal) })
      return
    }
    const subject = { clusterName: 'east', uid: claims.sub, thumbprint: joiner.thumbprint }
    const membership = {
      clusterName: 'east',
      primaryName: 'hub',
      endpoints: [endpoint],
      token: new Redacted(await signMembershipToken(issuer, subject, Date.now())),
      keys: { current: { kid: key.thumbprint, x: key.x } },
      interval: 20,
      nonce: createNonce(issuer.nonceKey, memberContext(issuer.uid, joiner.thumbprint), Date.now()),
    }
    const exchange = { echoes, request, exchangeKey: claims.epk }
    sendJson(response, 200, { result: await sealAcceptance(issuer, exchange, membership) })
  }

  async function heartbeat(request: IncomingMessage, response: ServerResponse, body: string): Promise<void> {
    const proof = String(request.headers['dpop'])
    const token = String(request.headers.authorization).replace('DPoP ', '')
    const thumbprint = claimedThumbprint(proof)
    const { nonceKey } = primary.keyring.current
    const nonce = createNonce(nonceKey, memberContext(issuer.uid, thumbprint), Date.now())
    const path = (request.url ?? '').replace(/^\/k10/, '')
    response.setHeader('dpop-nonce', nonce)
    try {
      await verifyPossession(primary.keyring, proof, { path, token, body }, { now: Date.now(), lifetime: 300_000 })
    } catch {
      sendJson(response, 401, { code: 'NonceInvalid' }, 'application/problem+json')
      return
    }
    const { kid } = JSON.parse(body) as { kid?: string }
    const named = issuerNamed(primary.keyring, kid)
    if (named === undefined) return sendMismatch(response)
    const reply = await signReply(named, { proof, thumbprint }, primary.reply)
    sendJson(response, replyStatus[primary.reply.status], { reply })
  }

  const primary: FakePrimary = {
    endpoint,
    port,
    issuer,
    token: parseToken(issued.text.reveal()),
    certificate: certificate?.certificatePem ?? '',
    requests,
    secrets: secretsOf(issued.text.reveal()),
    intercept: undefined,
    answer: ownAnswer,
    spki: undefined,
    refusal: undefined,
    reply: { status: 'ok', interval: 20 },
    keyring: keyringOf(issuer),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
  return primary
}

function secretsOf(token: string): readonly string[] {
  const secret = token.split('.')[2] ?? ''
  return [token, secret, Buffer.from(secret, 'base64url').toString('hex')]
}

function sendMismatch(response: ServerResponse): void {
  sendJson(response, 421, { code: 'PrimaryKeyMismatch' }, 'application/problem+json')
}

export function sendJson(response: ServerResponse, status: number, body: unknown, type = 'application/json'): void {
  response.writeHead(status, { 'content-type': type })
  response.end(JSON.stringify(body))
}

/** How a challenge names the key of a certificate, in PEM. */
export function spkiOf(certificate: string): string {
  const spki = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(spki).digest('base64url')
}
