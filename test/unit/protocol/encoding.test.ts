/** Base64url in its one canonical form, and the two hashes. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { fromBase64url, fromUtf8, hkdf, secureRandom, sha256, toBase64url } from '../../../src/protocol/encoding.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

describe('base64url', () => {
  it('gives back the bytes that went in', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        assert.deepEqual(new Uint8Array(fromBase64url(toBase64url(bytes)) ?? []), bytes)
      }),
    )
  })

  it('knows exactly one text for the same bytes', () => {
    for (const last of alphabet) {
      const decoded = fromBase64url(`AA${last}`)
      // Three characters hold 18 bits for two bytes: the last two bits must be zero.
      assert.equal(decoded !== undefined, alphabet.indexOf(last) % 4 === 0, `AA${last}`)
    }
    for (const last of alphabet)
      assert.equal(fromBase64url(`A${last}`) !== undefined, alphabet.indexOf(last) % 16 === 0, `A${last}`)
  })

  const foreign: Record<string, string> = {
    padding: 'AAA=',
    'a plus sign': 'AA+A',
    'a slash': 'AA/A',
    'white space': 'AA AA',
    'a line break at the end': 'AAAA\n',
    'a dot': 'AA.A',
    'a letter outside ASCII': 'AAAé',
    'a zero byte': 'AAA\0',
    'a single character, which is no byte': 'A',
    'a character left over': 'AAAAA',
  }
  for (const [what, text] of Object.entries(foreign))
    it(`refuses ${what}`, () => {
      assert.equal(fromBase64url(text), undefined)
    })

  it('takes the empty text for no bytes', () => {
    assert.equal(fromBase64url('')?.length, 0)
  })
})

describe('UTF-8', () => {
  it('gives back the text that went in, a byte order mark too', () => {
    for (const text of ['', 'plain', 'häßlich', '名前', '\u{1f511}', '\ufeff{}'])
      assert.equal(fromUtf8(Buffer.from(text)), text)
  })

  it('is refused where a lenient decoder would put the same replacement for different bytes', () => {
    for (const hex of ['ff', '61ff', 'c0af', 'eda080', 'e28c', '80'])
      assert.equal(fromUtf8(Buffer.from(hex, 'hex')), undefined, hex)
  })
})

describe('hashes', () => {
  it('are SHA-256 as published (FIPS 180-4), for text and bytes alike', () => {
    const published = Buffer.from('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'hex')
    assert.equal(sha256('abc'), published.toString('base64url'))
    assert.equal(sha256(Buffer.from('abc')), published.toString('base64url'))
  })

  it('derive keys as RFC 5869, test case 3, without salt and info', () => {
    const key = hkdf(Buffer.alloc(22, 0x0b), '', 42).toString('hex')
    assert.equal(key, '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8')
  })

  it('derive another key for another purpose', () => {
    const seed = Buffer.alloc(32, 7)
    assert.notDeepEqual(hkdf(seed, 'one', 32), hkdf(seed, 'two', 32))
  })
})

describe('randomness', () => {
  it('has the length asked for and does not repeat', () => {
    const drawn = Array.from({ length: 100 }, () => secureRandom(16))
    assert.ok(drawn.every((bytes) => bytes.length === 16))
    assert.equal(new Set(drawn.map(toBase64url)).size, 100)
  })
})
