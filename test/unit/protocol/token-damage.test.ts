/** What happens to a token between the primary and `mc-join`: typing errors, cut ends, wrong copies, tampering. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import type { ProtocolError } from '../../../src/protocol/errors.ts'
import { generateSigningKey } from '../../../src/protocol/keys.ts'
import { issueToken, parseToken } from '../../../src/protocol/token.ts'
import { encode, p, smallOrderPoints } from './edwards.fixture.ts'
import { refusedWith } from './refused.fixture.ts'

const primary = {
  uid: '6f1e4c1e-5a1d-4c57-9a07-0d4f3ad5b4c5',
  key: generateSigningKey(),
  endpoints: ['https://primary.example.com:8443/k10'],
}
const issued = issueToken(primary)
const text = issued.text.reveal()
const [, header = '', secret = ''] = text.split('.')
const claims = { tid: issued.id, iss: primary.uid, pk: primary.key.x, ep: primary.endpoints }

/** Whether some 12 characters of the token, as they are or decoded, occur in what an error prints. */
function assertNothingOfTheToken(error: unknown): void {
  const printed = inspect(error, { depth: 10 })
  const decoded = Buffer.from(header, 'base64url').toString()
  for (const source of [text, decoded])
    for (let at = 0; at + 12 <= source.length; at += 1)
      assert.ok(!printed.includes(source.slice(at, at + 12)), `the error repeats "${source.slice(at, at + 12)}"`)
}

/** Asserts that the text is refused as a damaged token, without being repeated. */
function assertDamaged(damaged: string, codes: readonly string[], message?: RegExp): void {
  try {
    parseToken(damaged)
  } catch (error) {
    const { name, code, message: said } = error as ProtocolError
    assert.equal(name, 'ProtocolError')
    assert.ok(codes.includes(code), `${code} for ${damaged.slice(0, 300)}`)
    if (message !== undefined) assert.match(said, message)
    return assertNothingOfTheToken(error)
  }
  assert.fail(`a damaged token was read: ${damaged.slice(0, 300)}`)
}

/** What somebody who knows how the checksum is made writes behind a header and a secret of theirs. */
function withChecksum(header: string, secret: string): string {
  const body = `mcj1.${header}.${secret}`
  return `${body}.${createHash('sha256').update(body).digest('base64url').slice(0, 6)}`
}

const encodeHeader = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('a token damaged in copying', () => {
  it('is found out whichever character was mistyped', () => {
    for (let at = 0; at < text.length; at += 1)
      for (const typed of ['A', 'z', '0', '-', '.', ' ', 'é', '='])
        if (text[at] !== typed)
          assertDamaged(text.slice(0, at) + typed + text.slice(at + 1), ['TokenMalformed', 'TokenChecksum'])
  })

  it('says that it was damaged where only a character of header, secret or checksum is another', () => {
    for (const at of [5, 60, text.length - 20, text.length - 1]) {
      const typed = text[at] === 'A' ? 'B' : 'A'
      assertDamaged(text.slice(0, at) + typed + text.slice(at + 1), ['TokenChecksum'])
    }
  })

  it('is found out when two neighbours are swapped or a character is doubled or dropped', () => {
    for (let at = 0; at + 1 < text.length; at += 1) {
      const [one = '', two = ''] = text.slice(at, at + 2)
      const before = text.slice(0, at)
      if (one !== two) assertDamaged(before + two + one + text.slice(at + 2), ['TokenMalformed', 'TokenChecksum'])
      assertDamaged(before + one + text.slice(at), ['TokenMalformed', 'TokenChecksum'])
      assertDamaged(before + text.slice(at + 1), ['TokenMalformed', 'TokenChecksum'])
    }
  })

  it('is found out at every length that it may have been cut to', () => {
    for (let length = 0; length < text.length; length += 1) {
      const message = length === 0 ? /is empty/ : length < 5 ? /does not start with "mcj1\."/ : /is cut off/
      assertDamaged(text.slice(0, length), ['TokenMalformed'], message)
    }
  })

  it('is found out with anything appended', () => {
    for (const more of ['A', '.', '.A', ' ', '\n', '=', text, `.${text}`])
      assertDamaged(text + more, ['TokenMalformed'], /something appended/)
  })
})

describe('a value that is no token', () => {
  const values: Record<string, { value: string; message: RegExp }> = {
    'empty text': { value: '', message: /is empty/ },
    'a megabyte': { value: `mcj1.${'A'.repeat(1 << 20)}`, message: /has 1048581 characters/ },
    'a megabyte of dots': { value: `mcj1.${'.'.repeat(1 << 20)}`, message: /has 1048581 characters/ },
    'a token of another scheme': { value: text.replace('mcj1.', 'mcj2.'), message: /does not start with/ },
    'a token in upper case': { value: text.toUpperCase(), message: /does not start with/ },
    'a token after white space': { value: ` ${text}`, message: /does not start with/ },
    'a bearer token': { value: 'eyJhbGciOiJSUzI1NiJ9.e30.c2ln', message: /does not start with/ },
    'a token encoded as base64': { value: Buffer.from(text).toString('base64'), message: /base64-encoded twice/ },
    'a token encoded as base64url': { value: Buffer.from(text).toString('base64url'), message: /base64-encoded twice/ },
    'a token encoded as base64 in lines': {
      value: (
        Buffer.from(text)
          .toString('base64')
          .match(/.{1,76}/g) ?? []
      ).join('\n'),
      message: /base64-encoded twice/,
    },
  }
  for (const [what, { value, message }] of Object.entries(values))
    it(`is refused where it is ${what}`, () => {
      assertDamaged(value, ['TokenMalformed'], message)
    })
})

describe('a token rebuilt by an attacker who knows the checksum', () => {
  const tampered: Record<string, object> = {
    'another endpoint': { ...claims, ep: ['https://attacker.example.com'] },
    'another primary key': { ...claims, pk: generateSigningKey().x },
    'another primary': { ...claims, iss: 'another-uid' },
    'another id': { ...claims, tid: 'AAAAAAAAAAAAAAAA' },
    'one more member': { ...claims, more: true },
    'the same claims in another order': Object.fromEntries(Object.entries(claims).toReversed()),
  }
  for (const [what, value] of Object.entries(tampered))
    it(`with ${what} has another key, useless at the real primary`, () => {
      const token = parseToken(withChecksum(encodeHeader(value), secret))
      assert.notEqual(token.key.x, issued.publicKey.x)
    })

  it('with any other character of header or secret has another key or cannot be read', () => {
    const sameKey: number[] = []
    for (let at = 0; at < header.length + secret.length; at += 1) {
      const all = header + secret
      const changed = all.slice(0, at) + (all[at] === 'A' ? 'B' : 'A') + all.slice(at + 1)
      try {
        const token = parseToken(withChecksum(changed.slice(0, header.length), changed.slice(header.length)))
        if (token.key.x === issued.publicKey.x) sameKey.push(at)
      } catch (error) {
        assert.equal((error as ProtocolError).code, 'TokenMalformed')
        assertNothingOfTheToken(error)
      }
    }
    assert.deepEqual(sameKey, [])
  })

  const unreadable: Record<string, string> = {
    'no JSON': Buffer.from('tid=1').toString('base64url'),
    'a list': encodeHeader([claims]),
    'a repeated member': Buffer.from(`{"iss":"other",${JSON.stringify(claims).slice(1)}`).toString('base64url'),
    'a prototype key': Buffer.from(`{"__proto__":{},${JSON.stringify(claims).slice(1)}`).toString('base64url'),
    'bytes that are no UTF-8': Buffer.concat([
      Buffer.from(`{"more":"`),
      Buffer.from([0xff]),
      Buffer.from(`",${JSON.stringify(claims).slice(1)}`),
    ]).toString('base64url'),
    padding: `${header}==`,
    'a missing id': encodeHeader({ ...claims, tid: undefined }),
    'an id that is too long': encodeHeader({ ...claims, tid: `${issued.id}A` }),
    'a primary uid that no cluster can have': encodeHeader({ ...claims, iss: 'a b' }),
    'no endpoints': encodeHeader({ ...claims, ep: undefined }),
    'eleven endpoints': encodeHeader({ ...claims, ep: Array.from({ length: 11 }, () => 'https://a') }),
    'an empty endpoint': encodeHeader({ ...claims, ep: [''] }),
  }
  for (const [what, header] of Object.entries(unreadable))
    it(`is refused with ${what} in its header`, () => {
      assertDamaged(withChecksum(header, secret), ['TokenMalformed'], /header of the token in mc-join cannot be read/)
    })

  it('is refused with a primary key that is weak or not canonical', () => {
    const weak = smallOrderPoints().flatMap(({ y }) => [encode(y, 0n), encode(y, 1n)])
    for (const pk of [...weak, encode(p, 0n), encode(p + 1n, 1n)])
      assert.throws(
        () => parseToken(withChecksum(encodeHeader({ ...claims, pk }), secret)),
        refusedWith('TokenMalformed', 'the token in mc-join names no usable primary key'),
      )
  })

  it('is refused with a secret of another length', () => {
    for (const length of [1, 16, 31, 33, 64])
      assertDamaged(withChecksum(header, Buffer.alloc(length, 1).toString('base64url')), ['TokenMalformed'], /32 bytes/)
  })
})
