/** What a primary, or whatever stands in its place, has answered; nothing in it is believed yet. */

export interface Answer {
  readonly status: number
  /** `text/html` and the like, without parameters. */
  readonly mediaType: string | undefined
  /** The value of a JSON body; undefined for every other. */
  readonly body: unknown
  /** The nonce for the next request of a member. */
  readonly nonce: string | undefined
  /** Milliseconds, at most 5 minutes. */
  readonly retryAfterMs: number | undefined
}
