/** Keeps what passes through streams, for a search afterwards. */
import { Transform } from 'node:stream'

export class Recorder {
  readonly #pieces: Buffer[] = []

  keep(piece: Buffer): void {
    this.#pieces.push(piece)
  }

  /** A part of a pipeline that changes nothing. */
  stream(): Transform {
    return new Transform({
      transform: (piece: Buffer, _encoding, done) => {
        this.keep(piece)
        done(null, piece)
      },
    })
  }

  text(): string {
    return Buffer.concat(this.#pieces).toString('latin1')
  }
}
