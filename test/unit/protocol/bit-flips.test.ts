/** Every message with one bit flipped anywhere is refused: on the wire as characters, and in what the characters hold. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fromBase64url, toBase64url } from '../../../src/protocol/encoding.ts'
import { runExchange } from './exchange.fixture.ts'
import { type Verifier, verifiersOf } from './verifiers.fixture.ts'

const verifiers = verifiersOf(await runExchange())

/** One bit of every character, another one from character to character. */
function* flippedCharacters(message: string): Generator<string> {
  for (let at = 0; at < message.length; at += 1) {
    const flipped = String.fromCharCode(message.charCodeAt(at) ^ (1 << (at % 7)))
    yield message.slice(0, at) + flipped + message.slice(at + 1)
  }
}

/** One bit of every byte that the characters stand for, and every bit of the first and the last byte of each part. */
function* flippedBytes(message: string): Generator<string> {
  const parts = message.split('.').map((part) => fromBase64url(part) ?? Buffer.alloc(0))
  for (const [n, part] of parts.entries())
    for (let at = 0; at < part.length; at += 1) {
      const bits = at === 0 || at === part.length - 1 ? [0, 1, 2, 3, 4, 5, 6, 7] : [at % 8]
      for (const bit of bits) {
        const flipped = Buffer.from(part)
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit)
        yield parts.with(n, flipped).map(toBase64url).join('.')
      }
    }
}

/** The changed messages that were accepted all the same; nothing but a refusal may be thrown. */
async function accepted(verifier: Verifier, changed: Iterable<string>): Promise<string[]> {
  const survivors: string[] = []
  for (const message of changed)
    await assert.rejects(verifier.verify(message), { name: 'ProtocolError' }).catch((error: unknown) => {
      if ((error as Error).message.startsWith('Missing expected rejection')) survivors.push(message)
      else throw error
    })
  return survivors
}

describe('a message with one bit flipped', () => {
  // The token is only read there, not verified: it is the proof's hash of it that makes a changed one worthless.
  const { 'membership token': _read, ...verified } = verifiers
  for (const [name, verifier] of Object.entries(verified)) {
    it(`is refused in any character of the ${name}`, async () => {
      assert.deepEqual(await accepted(verifier, flippedCharacters(verifier.own)), [])
    })

    it(`is refused in any byte of the ${name}`, async () => {
      assert.deepEqual(await accepted(verifier, flippedBytes(verifier.own)), [])
    })
  }

  it('is not found where nothing was flipped', async () => {
    for (const verifier of Object.values(verified))
      assert.deepEqual(await accepted(verifier, [verifier.own]), [verifier.own])
  })
})

describe('a message cut off or with more behind it', () => {
  for (const [name, verifier] of Object.entries(verifiers))
    it(`is refused as ${name}`, async () => {
      const { own } = verifier
      const cut = [1, 2, 3, 4, 43, 86, 87].map((missing) => own.slice(0, -missing))
      const more = ['A', 'AAAA', '.', '=', '\n', own].map((added) => own + added)
      const survivors = await accepted(verifier, ['', ...cut, ...more])
      assert.deepEqual(survivors, [])
    })
})
