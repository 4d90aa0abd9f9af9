/** What the services answer: a signed message, or a problem that nobody signs and that changes nothing for good. */
import { meaningOf, type ProtocolError } from '../protocol/errors.ts'
import type { Problem } from '../protocol/wire.ts'

export interface Answer {
  /** HTTP status; it helps logs and proxies, and no secondary decides by it. */
  readonly status: number
  readonly body: { readonly challenge: string } | { readonly result: string } | { readonly reply: string } | Problem
  /** The next nonce for the member that asked. */
  readonly nonce?: string
  /** When to ask again, whole seconds. */
  readonly retryAfter?: number
  /** What a signed body says in one word, for whoever counts; the word itself is inside the signature. */
  readonly says?: string
  /** Whether a member has asked, or a cluster that has become one or waits for it: such a request counts against nobody. */
  readonly isProven?: boolean
}

/** Problem details (RFC 9457) for an error of the protocol; `status` where HTTP has a better one than the table. */
export function problemOf(error: ProtocolError, status = meaningOf(error.code).http): Answer {
  return {
    status,
    body: { type: 'about:blank', title: meaningOf(error.code).what, status, code: error.code, detail: error.message },
    ...(meaningOf(error.code).http === 503 ? { retryAfter: Math.ceil((error.retryAfterMs ?? 1_000) / 1000) } : {}),
  }
}
