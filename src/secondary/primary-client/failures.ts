/**
 * What a failure on the way to a primary means to the user of a secondary: one code of the protocol's table, with the
 * place named. Nothing here is final: only a signed answer is, and that never comes through this file.
 */
import { errors } from 'undici'
import { isCodeFrom } from '../../protocol/answer.ts'
import { meaningOf, ProtocolError } from '../../protocol/errors.ts'
import { problemSchema } from '../../protocol/wire.ts'
import type { Answer } from './answer.ts'

/** What each of them says of the place; the detail follows. */
const sentences = {
  DnsFailure: (where: string) => `the host name of ${where} cannot be resolved`,
  ConnectRefused: (where: string) => `the primary cannot be reached at ${where}`,
  ConnectTimeout: (where: string) => `the primary did not answer in time at ${where}`,
  TlsUntrusted: (where: string) => `no trusted TLS connection to ${where}`,
  NotOurServer: (where: string) => `something other than a conjoin primary answers at ${where}`,
} as const

type NetworkCode = keyof typeof sentences

/** Codes of Node and undici; each with the words for it. */
const networkFailures: Readonly<Record<string, readonly [NetworkCode, string]>> = {
  ENOTFOUND: ['DnsFailure', 'there is no such name'],
  EAI_AGAIN: ['DnsFailure', 'the name server does not answer'],
  ECONNREFUSED: ['ConnectRefused', 'nothing listens there'],
  EHOSTUNREACH: ['ConnectRefused', 'the host cannot be reached'],
  ENETUNREACH: ['ConnectRefused', 'the network cannot be reached'],
  ECONNRESET: ['ConnectRefused', 'the connection was cut'],
  EPIPE: ['ConnectRefused', 'the connection was cut'],
  UND_ERR_SOCKET: ['ConnectRefused', 'the connection was cut'],
  ETIMEDOUT: ['ConnectTimeout', 'no connection within 5 s'],
  UND_ERR_CONNECT_TIMEOUT: ['ConnectTimeout', 'no connection within 5 s'],
  UND_ERR_HEADERS_TIMEOUT: ['ConnectTimeout', 'no answer within 15 s'],
  UND_ERR_BODY_TIMEOUT: ['ConnectTimeout', 'no complete answer within 15 s'],
  ERR_SSL_WRONG_VERSION_NUMBER: ['NotOurServer', 'the server does not speak TLS'],
  ERR_SSL_PACKET_LENGTH_TOO_LONG: ['NotOurServer', 'the server does not speak TLS'],
}

/** The error for a request that got no answer. `where` is the endpoint, which has neither query nor user info. */
export function networkFailure(error: unknown, where: string): ProtocolError {
  // Judged by our own connector already; it knows the place no better than we do.
  if (error instanceof ProtocolError) return located(error, where)
  const code = codeOf(error)
  const known = networkFailures[code]
  if (known !== undefined) return failure(known[0], where, known[1], error)
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO')
    return failure('TlsUntrusted', where, `the TLS handshake failed: ${code}`, error)
  if (error instanceof errors.HTTPParserError) return failure('NotOurServer', where, 'the answer is not HTTP', error)
  return failure('ConnectRefused', where, code, error)
}

/**
 * The error for an answer that is not what was asked for: a problem of our primary's, or something that no primary
 * says. Only codes that may come unsigned are believed, and of them only the code.
 */
export function unexpectedAnswer(answer: Answer, where: string): ProtocolError {
  const problem = problemSchema.safeParse(answer.body)
  // A primary says so of a path that it does not have: it is older than who asks.
  if (problem.success && problem.data.code === 'NotFound')
    return new ProtocolError('VersionTooOld', `the primary does not know this request, says ${where}`)
  if (problem.success && isCodeFrom('unsigned', problem.data.code)) {
    const { code } = problem.data
    const options = answer.retryAfterMs === undefined ? {} : { retryAfterMs: answer.retryAfterMs }
    return new ProtocolError(code, `${meaningOf(code).what}, says ${where}`, options)
  }
  const status =
    answer.status >= 300 && answer.status < 400 ? `a redirect (${answer.status})` : `status ${answer.status}`
  const type = answer.mediaType === undefined ? '' : ` and ${answer.mediaType}`
  return failure('NotOurServer', where, `it answers with ${status}${type}`)
}

/** The error for an answer of which no more is read than the limit. */
export function tooLargeAnswer(where: string, limit: number): ProtocolError {
  return failure('NotOurServer', where, `its answer is larger than ${limit / 1024} KiB`)
}

/** An error of the protocol, with the place named in its sentence. */
export function located(error: ProtocolError, where: string): ProtocolError {
  if (error.message.includes(where)) return error
  return new ProtocolError(error.code, `${error.message}, at ${where}`, {
    cause: error,
    ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
  })
}

function failure(code: NetworkCode, where: string, detail: string, cause?: unknown): ProtocolError {
  return new ProtocolError(code, `${sentences[code](where)}: ${detail}`, { cause })
}

/** Node wraps the failures of several addresses of one host, undici those of a connection. */
function codeOf(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown }
  if (typeof code === 'string') return code
  return cause === undefined ? 'no answer' : codeOf(cause)
}
