import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sourceOf } from '../../../../src/primary/load/source.ts'

describe('the source of a request', () => {
  const samples: readonly [string, string, string][] = [
    ['an IPv4 address whole', '192.0.2.7', '192.0.2.7'],
    ['IPv4 inside IPv6 as IPv4', '::ffff:192.0.2.7', '192.0.2.7'],
    ['IPv6 by its network of 64 bits', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['another address of that network the same', '2001:db8:1:2::9', '2001:db8:1:2'],
    ['a shortened network with its zeros', '2001:db8::1', '2001:db8:0:0'],
    ['the loopback address', '::1', '0:0:0:0'],
    ['a link-local address without its zone', 'fe80::1%eth0', 'fe80:0:0:0'],
  ]
  for (const [title, address, source] of samples) it(`is ${title}`, () => assert.equal(sourceOf(address), source))
})
