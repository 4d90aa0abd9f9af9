/** Holds back what streams deliver until it is opened again: a watch through it lags behind, and loses nothing. */
import { Transform } from 'node:stream'

export class StreamGate {
  #held = false
  readonly #waiting: (() => void)[] = []

  hold(): void {
    this.#held = true
  }

  open(): void {
    this.#held = false
    for (const pass of this.#waiting.splice(0)) pass()
  }

  /** How many streams wait with something to deliver. */
  waiting(): number {
    return this.#waiting.length
  }

  /** A part of a pipeline; several may pass through one gate. */
  stream(): Transform {
    return new Transform({
      transform: (piece: Buffer, _encoding, done) => {
        const pass = () => done(null, piece)
        if (this.#held) this.#waiting.push(pass)
        else pass()
      },
    })
  }
}
