import assert from 'node:assert/strict'
import { isIPv4, isIPv6 } from 'node:net'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { endpointSchema, parseEndpoint } from '../../../src/api/endpoint.ts'

describe('the URL of a primary', () => {
  for (const [text, url] of [
    ['https://primary-cluster-1.dev.kasten.io/k10', 'https://primary-cluster-1.dev.kasten.io/k10'],
    ['https://primary.example/k10/', 'https://primary.example/k10'],
    ['https://primary.example//', 'https://primary.example'],
    ['http://primary', 'http://primary'],
    ['https://10.0.0.1:8443', 'https://10.0.0.1:8443'],
    ['https://[2001:db8::1]:8443/', 'https://[2001:db8::1]:8443'],
    ['https://[::]/a%20b', 'https://[::]/a%20b'],
    ['https://h:65535', 'https://h:65535'],
  ] as const) {
    it(`accepts ${text} and drops slashes at its end`, () => {
      const scheme = text.startsWith('https') ? 'https' : 'http'
      assert.deepEqual(parseEndpoint(text), { ok: true, url, scheme })
    })
  }

  for (const [text, fault] of [
    ['', 'is empty; write https://<host>[:port][/path]'],
    ['primary.example', 'has no scheme; write https://<host>[:port][/path]'],
    ['localhost:8443', 'has no scheme; write https://<host>[:port][/path]'],
    ['ftp://primary.example', 'has a scheme other than http and https; write https://<host>[:port][/path]'],
    ['https:///k10', 'has no host; write https://<host>[:port][/path]'],
    ['https://admin:hunter2@primary.example', 'carries user info, the part before "@"; remove it'],
    ['https://primary.example?a=b', 'has a query, the part from "?" on; remove it'],
    ['https://primary.example/#top', 'has a fragment, the part from "#" on; remove it'],
    ['https://primary.example/a b', 'contains white space; remove it'],
    ['https://primary.example\n', 'contains white space; remove it'],
    ['https://under_score', 'has a host that is neither a DNS name nor an IP address'],
    ['https://-a', 'has a host that is neither a DNS name nor an IP address'],
    ['https://1.2', 'has a host that is neither a DNS name nor an IP address'],
    ['https://10.0.0.256', 'has a host that is neither a DNS name nor an IP address'],
    ['https://host.0x1', 'has a host that is neither a DNS name nor an IP address'],
    ['https://[2001:db8::1::2]', 'has a host that is neither a DNS name nor an IP address'],
    ['https://2001:db8::1', 'has a host that is neither a DNS name nor an IP address'],
    ['https://primary.example:0', 'has a port that is not a number from 1 to 65535'],
    ['https://primary.example:65536', 'has a port that is not a number from 1 to 65535'],
    ['https://primary.example:', 'has a port that is not a number from 1 to 65535'],
    ['https://primary.example/%zz', 'has a path with a character that must be percent-encoded'],
    ['https://primary.example/ä', 'has a path with a character that must be percent-encoded'],
    [`https://primary.example/${'a'.repeat(1024)}`, 'is longer than 1024 characters'],
  ] as const) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))}: it ${fault}`, () => {
      assert.deepEqual(parseEndpoint(text), { ok: false, fault })
    })
  }

  it('never repeats a password in its fault', () => {
    for (const text of ['https://u:hunter2@h', 'hunter2@h', 'hunter2://h', 'https://h/hunter2 ', 'https://h:hunter2']) {
      const reading = parseEndpoint(text)
      assert.ok(!reading.ok && !reading.fault.includes('hunter2'), text)
    }
  })

  it('is judged alike in a custom resource, with the same words', () => {
    const text = fc.oneof(fc.webUrl({ withFragments: true, withQueryParameters: true }), almostUrl())
    fc.assert(
      fc.property(text, (url) => {
        const reading = parseEndpoint(url)
        const issues = endpointSchema.safeParse(url).error?.issues.map((issue) => issue.message) ?? []
        assert.deepEqual(issues, reading.ok ? [] : [reading.fault])
      }),
    )
  })

  it('is one that Node can open and whose host keeps its meaning', () => {
    fc.assert(
      fc.property(almostUrl(), (text) => {
        const reading = parseEndpoint(text)
        if (!reading.ok) return
        const { hostname } = new URL(reading.url)
        if (isIPv4(hostname)) assert.ok(reading.url.includes(`//${hostname}`))
      }),
      { numRuns: 5000 },
    )
  })

  it('has an IPv6 address exactly where Node sees one', () => {
    const groups = fc.string({ unit: fc.constantFrom('1', 'a', ':', ':', ':'), maxLength: 24 })
    fc.assert(
      fc.property(groups, (address) => {
        assert.equal(parseEndpoint(`https://[${address}]`).ok, isIPv6(address))
      }),
      { numRuns: 20000 },
    )
  })

  it('is judged without backtracking, however long it is', () => {
    for (const text of ['a-'.repeat(500_000), `https://${'a-'.repeat(500_000)}`, `https://h${'/'.repeat(1_000_000)}?`])
      assert.equal(parseEndpoint(text).ok, false)
  })
})

function almostUrl(): fc.Arbitrary<string> {
  const unit = fc.constantFrom('0', '1', '9', 'a', 'x', 'X', '.', '-', ':', '/', '@', '[', ']', '%')
  return fc.string({ unit, maxLength: 16 }).map((rest) => `https://${rest}`)
}
