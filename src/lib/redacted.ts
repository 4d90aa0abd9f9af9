/**
 * A secret that cannot be printed by accident: string conversion, JSON and `util.inspect` all give `[redacted]`.
 * Owns nothing but the wrapping; whoever uses the secret calls `reveal()` at that very place.
 */
import { inspect } from 'node:util'

export class Redacted<T> {
  readonly #value: T

  constructor(value: T) {
    this.#value = value
  }

  /** The secret itself: call it only where the bytes are used, never to store or pass them on. */
  reveal(): T {
    return this.#value
  }

  toString(): string {
    return '[redacted]'
  }

  toJSON(): string {
    return '[redacted]'
  }

  [inspect.custom](): string {
    return '[redacted]'
  }
}
