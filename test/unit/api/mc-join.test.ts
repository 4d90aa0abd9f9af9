import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { joinHash, parseJoinInput } from '../../../src/api/mc-join.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const token = 'mcj1.header.secret.abcdef'

describe('what a secondary is given', () => {
  it('starts the join alone in the first dialect', () => {
    const input = parseJoinInput({ endpoint: base64('https://primary/k10'), token: base64(token) }, undefined)
    assert.equal(input.token?.reveal(), token)
    assert.deepEqual(
      { ...input, token: undefined },
      {
        dialect: 'first',
        token: undefined,
        endpoints: { endpoint: 'https://primary/k10' },
        allowInsecurePrimaryIngress: false,
        allowUntrustedPrimaryTls: false,
        waitingForConfig: false,
        doubleEncoded: [],
      },
    )
  })

  it('waits for the ConfigMap in the second dialect, and for nothing in it', () => {
    assert.equal(parseJoinInput({ token: base64(token) }, undefined).waitingForConfig, true)
    const input = parseJoinInput({ token: base64(token) }, {})
    assert.equal(input.waitingForConfig, false)
    assert.equal(input.dialect, 'second')
  })

  it('takes all of the ConfigMap, in the first dialect too', () => {
    const config = {
      'cluster-name': 'edge-1',
      'cluster-ingress': 'https://edge-1/k10',
      'primary-ingress': 'https://primary/k10',
      'allow-insecure-primary-ingress': 'true',
      'allow-untrusted-primary-tls': ' true\n',
    }
    const secret = { endpoint: base64('https://other'), token: base64(token), clusterName: base64('from-secret') }
    const input = parseJoinInput(secret, config)
    assert.equal(input.dialect, 'first')
    assert.deepEqual(input.endpoints, { primaryIngress: 'https://primary/k10', endpoint: 'https://other' })
    assert.equal(input.clusterName, 'edge-1')
    assert.equal(input.clusterIngress, 'https://edge-1/k10')
    assert.equal(input.allowInsecurePrimaryIngress, true)
    assert.equal(input.allowUntrustedPrimaryTls, true)
  })

  it('takes a name from the Secret where the ConfigMap has none', () => {
    const secret = { endpoint: base64('https://p'), token: base64(token), clusterName: base64(' edge-2 ') }
    assert.equal(parseJoinInput(secret, { 'cluster-name': ' ' }).clusterName, 'edge-2')
  })

  it('allows nothing but by the word true', () => {
    for (const word of ['', 'yes', '1', 'True', 'false'])
      assert.equal(parseJoinInput({}, { 'allow-insecure-primary-ingress': word }).allowInsecurePrimaryIngress, false)
  })

  it('loses the white space around its values, not what is inside', () => {
    const input = parseJoinInput(
      { endpoint: base64('\n https://p \r\n'), token: base64(`\uFEFF${token} x\n`) },
      undefined,
    )
    assert.equal(input.endpoints.endpoint, 'https://p')
    assert.equal(input.token?.reveal(), `${token} x`)
  })

  it('has no token where the value is missing or blank', () => {
    for (const secret of [undefined, {}, { token: '' }, { token: base64(' \n') }])
      assert.equal(parseJoinInput(secret, undefined).token, undefined)
  })

  it('is flagged and left alone where a value was encoded twice', () => {
    const secret = { token: base64(base64(token)), endpoint: base64(`${base64('https://primary')}\n`) }
    const input = parseJoinInput(secret, undefined)
    assert.deepEqual(input.doubleEncoded, ['token', 'endpoint'])
    assert.equal(input.token?.reveal(), base64(token))
    assert.deepEqual(parseJoinInput({ ...secret, token: base64(token) }, undefined).doubleEncoded, ['endpoint'])
  })

  it('never throws and never prints its token', () => {
    const bytes = fc.uint8Array({ maxLength: 200 }).map((value) => Buffer.from(value).toString('base64'))
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('token', 'endpoint', 'clusterName', 'x'), bytes), (secret) => {
        const input = parseJoinInput(secret, undefined)
        const value = input.token?.reveal()
        if (value !== undefined && value.length > 8) assert.ok(!JSON.stringify(input).includes(JSON.stringify(value)))
      }),
    )
  })

  it('may be as large as a Secret can be', () => {
    for (const text of [' '.repeat(700_000), `${' '.repeat(350_000)}a${' '.repeat(350_000)}`, 'A'.repeat(700_000)]) {
      parseJoinInput({ token: base64(text), endpoint: base64(text) }, undefined)
    }
  })
})

function sorted(data: Record<string, string> | undefined) {
  return data === undefined ? 'none' : Object.entries(data).toSorted(([a], [b]) => (a < b ? -1 : 1))
}

describe('mc-join.hash', () => {
  const secret = { token: base64('t'), endpoint: base64('e') }

  it('is SHA-256 over the documented JSON', () => {
    const json =
      '[["mc-join",[["endpoint","ZQ=="],["token","dA=="]]],["mc-join-config",[["cluster-name","edge"]]],["retry","1"]]'
    assert.equal(joinHash(secret, { 'cluster-name': 'edge' }, '1'), createHash('sha256').update(json).digest('hex'))
  })

  it('says null for what is not there', () => {
    const json = '[["mc-join",null],["mc-join-config",null],["retry",null]]'
    assert.equal(joinHash(undefined, undefined, undefined), createHash('sha256').update(json).digest('hex'))
  })

  it('does not depend on the order of keys', () => {
    assert.equal(
      joinHash({ endpoint: 'ZQ==', token: 'dA==' }, {}, '1'),
      joinHash({ token: 'dA==', endpoint: 'ZQ==' }, {}, '1'),
    )
  })

  it('differs for every difference in content', () => {
    const dictionary = fc.option(fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.string({ maxLength: 4 })), {
      nil: undefined,
    })
    const content = fc.tuple(dictionary, dictionary, fc.option(fc.string({ maxLength: 2 }), { nil: undefined }))
    const known = new Map<string, string>()
    fc.assert(
      fc.property(content, ([a, b, retry]) => {
        const meaning = JSON.stringify([sorted(a), sorted(b), retry === undefined ? ['none'] : retry])
        const hash = joinHash(a, b, retry)
        assert.match(hash, /^[0-9a-f]{64}$/)
        assert.equal(known.get(hash) ?? meaning, meaning)
        known.set(hash, meaning)
      }),
      { numRuns: 1000 },
    )
  })
})
