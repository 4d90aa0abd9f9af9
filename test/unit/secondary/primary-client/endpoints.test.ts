import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StoredMembership } from '../../../../src/api/membership.ts'
import { joinEndpoints, memberEndpoints } from '../../../../src/secondary/primary-client/endpoints.ts'
import { joinInput } from '../join/input.fixture.ts'
import { refusal } from '../refused.fixture.ts'

const none: Parameters<typeof joinEndpoints>[1] = { byPrimary: [], byToken: [] }

async function refused(input: Parameters<typeof joinInput>[0], named = none): Promise<string> {
  const error = await refusal((async () => joinEndpoints(joinInput(input), named, false))())
  return error.explained()
}

describe('the endpoints of a join', () => {
  it('are those of the user, then those the primary names, then those of the token, each once', () => {
    const input = joinInput({ endpoint: 'https://b/k10/', config: { 'primary-ingress': 'https://a' } })
    const named = { byPrimary: ['https://c', 'https://a'], byToken: ['https://b/k10', 'https://d'] }
    assert.deepEqual(joinEndpoints(input, named, false), ['https://a', 'https://b/k10', 'https://c', 'https://d'])
  })

  it('leave out what others name wrongly', () => {
    const named = { byPrimary: ['ftp://c'], byToken: ['https://user@d', 'https://e'] }
    assert.deepEqual(joinEndpoints(joinInput({}), named, false), ['https://e'])
  })

  it('are refused with the key and the fault where the user names a bad one', async () => {
    assert.equal(
      await refused({ endpoint: 'primary.example/k10' }),
      'EndpointInvalid: endpoint in mc-join has no scheme; write https://<host>[:port][/path]',
    )
    assert.match(
      await refused({ config: { 'primary-ingress': 'https://user:word@a' } }),
      /^EndpointInvalid: primary-ingress in mc-join-config carries user info/,
    )
  })

  it('never repeat a password that stands in a bad one', async () => {
    assert.doesNotMatch(await refused({ endpoint: 'https://user:word@a' }), /word/)
  })

  it('say so where one is base64-encoded twice', async () => {
    const text = await refused({ endpoint: Buffer.from('https://a').toString('base64') })
    assert.equal(
      text,
      'EndpointInvalid: endpoint in mc-join is base64-encoded twice; encode it once, or use stringData',
    )
  })

  it('leave out an http:// that others name where another is left', () => {
    const named = { byPrimary: ['http://a'], byToken: ['https://b', 'http://c'] }
    assert.deepEqual(joinEndpoints(joinInput({}), named, false), ['https://b'])
  })

  it('name the key that allows http:// where the user wrote it, also if the token knows another way', async () => {
    const input = joinInput({ endpoint: 'http://a' })
    assert.equal(
      await refused({ endpoint: 'http://a' }, { byPrimary: [], byToken: ['https://b'] }),
      'InsecureEndpoint: the endpoint http://a uses http://, which is not allowed; use https://, or set allow-insecure-primary-ingress: "true" in the ConfigMap mc-join-config',
    )
    assert.deepEqual(joinEndpoints(input, none, true), ['http://a'])
  })

  it('are missed where nobody names any', async () => {
    assert.match(
      await refused({}),
      /^EndpointInvalid: neither mc-join, mc-join-config nor the token names an endpoint; /,
    )
  })
})

describe('the endpoints of a member', () => {
  const membership: StoredMembership = {
    primaryUid: 'p',
    primaryName: 'hub',
    clusterName: 'east',
    dialect: 'second',
    endpoint: 'https://b',
    primaryIngress: 'https://a',
    endpoints: ['https://c', 'http://d'],
    keys: { current: { kid: 'k', x: 'x' } },
  }

  it('begin with the one in use', () => {
    assert.deepEqual(memberEndpoints(membership, false), ['https://b', 'https://a', 'https://c'])
  })

  it('keep the permission for http:// with which the cluster joined', () => {
    const endpoints = memberEndpoints({ ...membership, endpoint: 'http://b' }, false)
    assert.deepEqual(endpoints, ['http://b', 'https://a', 'https://c', 'http://d'])
  })
})
