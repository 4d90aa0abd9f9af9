/**
 * Which TLS leaf stands in front of the primary: behind an ingress that ends TLS the primary dials its own endpoint, and
 * vouches for the leaf it sees only where its own signature comes back through that very connection.
 */
import { type RequestOptions, request } from 'node:https'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { askForChallenge, challengeAnswerSchema, openChallenge } from '../../protocol/challenge.ts'
import { secureRandom, toBase64url } from '../../protocol/encoding.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { Issuer } from '../../protocol/issuer.ts'
import { parseStrictJson } from '../../protocol/strict-json.ts'
import { challengePath, maxAnswerBytes } from '../../protocol/wire.ts'
import type { ServingPrimary } from '../state.ts'
import { spkiHash } from './certificate.ts'

export interface FrontLeaf {
  /** SHA-256 of the leaf's public key; undefined where nothing has been seen. */
  spki(): string | undefined
  /** Looks at once, then every 10 minutes, until aborted. */
  follow(signal: AbortSignal): Promise<void>
}

export interface FrontLeafDeps {
  /** Throws `ProtocolError` while nothing can be served. */
  readonly serving: () => ServingPrimary
  readonly clock: Clock
  readonly log: Logger
}

const lookEvery = 10 * 60_000
/** After a failure. */
const lookAgain = 10_000
/** Before there is a primary: a first join may come right after it. */
const lookSoon = 1_000
/** For the whole answer, however little of it comes at a time. */
const answerTimeout = 15_000

export function createFrontLeaf(deps: FrontLeafDeps): FrontLeaf {
  let seen: string | undefined

  /** Returns how long to wait before the next look, milliseconds. */
  async function look(signal: AbortSignal): Promise<number> {
    const late = new AbortController()
    const cancel = deps.clock.after(answerTimeout, () => late.abort(new Error('no answer in time')))
    try {
      const { keyring, endpoint } = deps.serving()
      if (!endpoint.startsWith('https://')) return lookEvery
      seen = await dial(keyring.current, endpoint, AbortSignal.any([signal, late.signal]))
      deps.log.debug({ endpoint, spki: seen }, 'saw the TLS leaf in front of the primary')
      return lookEvery
    } catch (err) {
      // Not reached from inside is common: such a primary vouches for its own leaf only.
      deps.log.debug({ err }, 'the endpoint does not answer from inside with our signature')
      return err instanceof ProtocolError && err.code === 'Busy' ? lookSoon : lookAgain
    } finally {
      cancel()
    }
  }

  return {
    spki: () => seen,
    async follow(signal) {
      while (!signal.aborted) {
        const wait = await look(signal)
        await deps.clock.sleep(wait, signal).catch(() => undefined)
      }
    },
  }
}

/** The leaf of the connection over which our own signature came back. Throws where anything else did. */
async function dial(issuer: Issuer, endpoint: string, signal: AbortSignal): Promise<string> {
  // A token id and a key that do not exist: the answer is the same as for real ones.
  const question = askForChallenge({
    tokenId: toBase64url(secureRandom(12)),
    primaryKey: issuer.key,
    thumbprint: toBase64url(secureRandom(32)),
  })
  const { leaf, body } = await post(new URL(endpoint + challengePath), JSON.stringify(question), signal)
  const { challenge } = challengeAnswerSchema.parse(parseStrictJson(body))
  await openChallenge(challenge, { request: question, primaryUid: issuer.uid, primaryKey: issuer.key })
  return leaf
}

async function post(url: URL, body: string, signal: AbortSignal): Promise<{ leaf: string; body: string }> {
  const options: RequestOptions = {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    // A connection of its own, whose certificate is not judged but reported.
    agent: false,
    rejectUnauthorized: false,
    signal,
  }
  return new Promise((resolve, reject) => {
    const sent = request(url, options, (answer) => {
      const certificate = (answer.socket as TLSSocket).getPeerX509Certificate()
      const pieces: Buffer[] = []
      let length = 0
      answer.on('data', (piece: Buffer) => {
        length += piece.length
        if (length > maxAnswerBytes) answer.destroy(new Error('the answer is too large'))
        else pieces.push(piece)
      })
      answer.once('error', reject)
      answer.once('end', () => {
        if (certificate === undefined) reject(new ProtocolError('TlsUntrusted', 'the endpoint showed no certificate'))
        else resolve({ leaf: spkiHash(certificate.toString()), body: Buffer.concat(pieces).toString('utf8') })
      })
    })
    sent.once('error', reject)
    sent.end(body)
  })
}
