/** An error of the protocol, and the sentence in which people read it. What each code means is in `error-table.ts`. */
import { type Meaning, protocolErrors } from './error-table.ts'

export type ErrorCode = keyof typeof protocolErrors

/** What a code means; the same for every reader of it. */
export function meaningOf(code: ErrorCode): Meaning {
  return protocolErrors[code]
}

/** `<Code>: <what happened, where>; <what to do>`, the form of `msg` in mc-join-status. */
export function explain(code: ErrorCode, what?: string, remedy?: string): string {
  const meaning = meaningOf(code)
  return `${code}: ${what ?? meaning.what}; ${remedy ?? meaning.remedy}`
}

/** Thrown by every step of the protocol; `message` is fit for users and holds no secret. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  readonly code: ErrorCode
  /** What to do, where the table's remedy is not the best one. */
  readonly remedy: string | undefined
  /** When to try again, milliseconds, where the answer said so. */
  readonly retryAfterMs: number | undefined

  constructor(
    code: ErrorCode,
    what?: string,
    options: { cause?: unknown; remedy?: string; retryAfterMs?: number } = {},
  ) {
    super(what ?? meaningOf(code).what, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.remedy = options.remedy
    this.retryAfterMs = options.retryAfterMs
  }

  /** The sentence for a status: code, what happened, what to do. */
  explained(): string {
    return explain(this.code, this.message, this.remedy)
  }
}
