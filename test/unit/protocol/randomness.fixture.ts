/** Randomness that is the same in every run, so that a failure can be seen again. */
import { createHash } from 'node:crypto'
import type { RandomBytes } from '../../../src/protocol/encoding.ts'
import { generateSigningKey, type SigningKey } from '../../../src/protocol/keys.ts'

/** A stream of bytes that depends on the label alone. */
export function randomFrom(label: string): RandomBytes {
  let drawn = 0
  return (length) => {
    drawn += 1
    const seed = createHash('shake256', { outputLength: length })
    return seed.update(`${label} ${drawn}`).digest()
  }
}

export function keyOf(label: string): SigningKey {
  return generateSigningKey(randomFrom(label))
}
