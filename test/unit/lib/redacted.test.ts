/** A wrapped secret does not come out by any of the ways in which values get printed. */
import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { describe, it } from 'node:test'
import { format, inspect } from 'node:util'
import { pino } from 'pino'
import { Redacted } from '../../../src/lib/redacted.ts'

const secret = 'correct-horse-battery-staple'
const wrapped = new Redacted(secret)

describe('a redacted secret', () => {
  const printed: Record<string, () => string> = {
    'as a string': () => String(wrapped),
    'in a template': () => String.raw`token ${wrapped}`,
    'in an implicit conversion': () => ['', wrapped].join(''),
    'in JSON': () => JSON.stringify(wrapped),
    'in nested JSON': () => JSON.stringify({ a: [{ b: { token: wrapped } }] }),
    'in inspect': () => inspect(wrapped),
    'in nested inspect': () => inspect({ a: [{ b: { token: wrapped } }] }, { depth: 10 }),
    'in inspect of hidden properties': () => inspect({ token: wrapped }, { showHidden: true, depth: 10 }),
    'in format with %s': () => format('%s', wrapped),
    'in format with %o': () => format('%o', wrapped),
    'in format with %O': () => format('%O', { token: wrapped }),
    'in format with %j': () => format('%j', { token: wrapped }),
    'in the message of an error': () => new Error(String.raw`refused: ${wrapped}`).message,
    'in an error that carries it': () => inspect(Object.assign(new Error('refused'), { token: wrapped })),
    'in the cause of an error': () => inspect(new Error('refused', { cause: { token: wrapped } })),
  }

  for (const [where, print] of Object.entries(printed)) {
    it(`prints as [redacted] ${where}`, () => {
      const text = print()
      assert.ok(text.includes('[redacted]'), text)
      assert.ok(!text.includes(secret), 'the secret is printed')
    })
  }

  it('prints as [redacted] in a log line, however deep it lies', () => {
    const lines = logged({ token: wrapped, a: { b: { c: { d: { e: wrapped } } } }, list: [wrapped] })
    assert.equal(lines.split('[redacted]').length - 1, 3)
    assert.ok(!lines.includes(secret))
  })

  it('prints as [redacted] in the log line of an error that carries it', () => {
    const lines = logged({ err: Object.assign(new Error('refused'), { token: wrapped }) })
    assert.ok(lines.includes('[redacted]'))
    assert.ok(!lines.includes(secret))
  })

  it('shows bytes no more than text', () => {
    const bytes = new Redacted(Buffer.from(secret))
    const text = [inspect(bytes), JSON.stringify(bytes), inspect({ bytes }, { customInspect: false })].join('\n')
    assert.ok(!text.includes(secret))
    assert.ok(!text.includes(Buffer.from(secret).toString('hex').slice(0, 8)))
    assert.ok(!text.includes(JSON.stringify([...Buffer.from(secret)]).slice(1, 20)))
  })

  it('has no enumerable trace of the secret that a copy could take along', () => {
    assert.deepEqual(Object.keys(wrapped), [])
    assert.ok(!JSON.stringify(Object.assign({}, wrapped)).includes(secret))
    assert.ok(!inspect(structuredClone(wrapped)).includes(secret))
  })

  it('gives the secret to whoever asks for it', () => {
    assert.equal(wrapped.reveal(), secret)
  })
})

/** What pino writes for one entry. */
function logged(fields: object): string {
  const chunks: string[] = []
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk.toString())
      done()
    },
  })
  pino(sink).info(fields, 'a secret is near')
  return chunks.join('')
}
