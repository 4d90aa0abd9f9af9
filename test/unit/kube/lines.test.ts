import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { splitLines } from '../../../src/kube/lines.ts'

async function linesOf(chunks: readonly Uint8Array[]): Promise<string[]> {
  async function* stream() {
    yield* chunks
  }
  const lines: string[] = []
  for await (const line of splitLines(stream())) lines.push(line)
  return lines
}

function cut(bytes: Uint8Array, positions: readonly number[]): Uint8Array[] {
  const borders = [
    0,
    ...positions.map((position) => position % (bytes.length + 1)).toSorted((a, b) => a - b),
    bytes.length,
  ]
  return borders.slice(1).map((end, index) => bytes.subarray(borders[index], end))
}

describe('splitting a stream into lines', () => {
  it('gives the same lines wherever the chunks end, also inside a character', async () => {
    const line = fc.string({ unit: 'binary', minLength: 1 }).map((text) => JSON.stringify({ text }))
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat()), async (lines, positions) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''))
        assert.deepEqual(await linesOf(cut(bytes, positions)), lines)
      }),
    )
  })

  it('gives the events of a watch whole wherever the connection has cut them in two', async () => {
    const events = ['ä', '€', '😀', '\\u00e4'].map((text) => `{"type":"ADDED","object":{"data":{"text":"${text}"}}}`)
    const bytes = Buffer.from(events.map((event) => `${event}\n`).join(''))
    for (let at = 0; at <= bytes.length; at++) {
      assert.deepEqual(await linesOf([bytes.subarray(0, at), bytes.subarray(at)]), events, `cut at byte ${at}`)
    }
  })

  it('keeps a character whole whose bytes arrive one by one', async () => {
    assert.deepEqual(await linesOf([...Buffer.from('ä€😀\n')].map((byte) => Uint8Array.of(byte))), ['ä€😀'])
  })

  it('leaves out a last line that was cut off', async () => {
    assert.deepEqual(await linesOf([Buffer.from('{"a":1}\n{"b":')]), ['{"a":1}'])
  })

  it('leaves out empty lines', async () => {
    assert.deepEqual(await linesOf([Buffer.from('\n\r\na\r\n\nb\n')]), ['a', 'b'])
  })
})
