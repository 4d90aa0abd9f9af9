/**
 * One POST to a primary within its limits: no redirect is followed, at most 64 KiB are read, nothing takes longer than
 * it may. Whether an answer is worth anything is judged by its signature, elsewhere.
 */
import type { Dispatcher } from 'undici'
import type { Clock } from '../../lib/clock.ts'
import { fromUtf8 } from '../../protocol/encoding.ts'
import { parseStrictJson } from '../../protocol/strict-json.ts'
import { maxAnswerBytes, nonceHeader } from '../../protocol/wire.ts'
import type { Answer } from './answer.ts'
import { networkFailure, tooLargeAnswer } from './failures.ts'
import { connectTimeout } from './tls.ts'

export interface Post {
  readonly dispatcher: Dispatcher
  /** Where the connection goes: the primary, or a proxy that forwards plain HTTP. */
  readonly origin: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** JSON, exactly as sent. */
  readonly body: string
  /** The endpoint, for messages. */
  readonly where: string
}

/** From the request to the whole answer, milliseconds. */
export const answerTimeout = 15_000
/** A longer wish is not believed, milliseconds. */
export const maxRetryAfter = 5 * 60_000

/** Throws `ProtocolError` where no answer comes; rejects with the signal's reason when that is aborted. */
export async function post(request: Post, deps: { clock: Clock; signal: AbortSignal }): Promise<Answer> {
  const patience = new AbortController()
  const late = Object.assign(new Error('no answer in time'), { code: 'UND_ERR_BODY_TIMEOUT' })
  // undici's own limits start anew with every piece of a body, so that a slow server could go on for ever.
  const cancel = deps.clock.after(connectTimeout + answerTimeout, () => patience.abort(late))
  try {
    const answer = await request.dispatcher.request({
      origin: request.origin,
      path: request.path,
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', ...request.headers },
      body: request.body,
      headersTimeout: answerTimeout,
      signal: AbortSignal.any([deps.signal, patience.signal]),
    })
    const mediaType = mediaTypeOf(headerOf(answer, 'content-type'))
    const bytes = await readBody(answer.body, request.where)
    return {
      status: answer.statusCode,
      mediaType,
      body: isJson(mediaType) ? parseBody(bytes) : undefined,
      nonce: headerOf(answer, nonceHeader),
      retryAfterMs: retryAfter(headerOf(answer, 'retry-after')),
    }
  } catch (error) {
    if (deps.signal.aborted) throw deps.signal.reason as Error
    throw networkFailure(error, request.where)
  } finally {
    cancel()
  }
}

async function readBody(body: Dispatcher.ResponseData['body'], where: string): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const piece of body as AsyncIterable<Buffer>) {
    length += piece.length
    // Leaving the loop destroys the body, and with it the connection.
    if (length > maxAnswerBytes) throw tooLargeAnswer(where, maxAnswerBytes)
    pieces.push(piece)
  }
  return Buffer.concat(pieces)
}

function headerOf(answer: Dispatcher.ResponseData, name: string): string | undefined {
  return [answer.headers[name]].flat()[0]
}

/** Undefined for what is no media type (RFC 6838 §4.2): it is repeated to people, and a header may hold terminal codes. */
function mediaTypeOf(header: string | undefined): string | undefined {
  const text = header?.split(';')[0]?.trim().toLowerCase()
  return text !== undefined && text.length <= 64 && /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+$/.test(text)
    ? text
    : undefined
}

function isJson(mediaType: string | undefined): boolean {
  return mediaType === 'application/json' || mediaType === 'application/problem+json'
}

/** Undefined for what is not strict JSON. */
function parseBody(bytes: Buffer): unknown {
  const text = fromUtf8(bytes)
  if (text === undefined) return undefined
  try {
    return parseStrictJson(text)
  } catch {
    return undefined
  }
}

/** Only the form in seconds (RFC 9110 §10.2.3): for a date two clocks would have to agree. */
function retryAfter(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,9}$/.test(header) ? Math.min(Number(header) * 1000, maxRetryAfter) : undefined
}
