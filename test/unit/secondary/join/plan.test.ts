import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { issueToken } from '../../../../src/protocol/token.ts'
import { judgeInput, type PlanContext } from '../../../../src/secondary/join/plan.ts'
import { type Given, joinInput } from './input.fixture.ts'

const token = issueToken({
  uid: 'hub-uid',
  key: generateSigningKey(),
  endpoints: ['https://hub.example/k10'],
}).text.reveal()

const context: PlanContext = {
  ownUid: 'own-uid',
  installation: { namespace: 'kasten-io', releaseName: 'k10' },
  allowHttp: false,
  member: undefined,
}

function plan(given: Given, more: Partial<PlanContext> = {}) {
  const judged = judgeInput(joinInput({ token, ...given }), { ...context, ...more })
  if (!judged.ok) throw judged.error
  return judged.plan
}

function fault(given: Given, more: Partial<PlanContext> = {}): string {
  const judged = judgeInput(joinInput({ token, ...given }), { ...context, ...more })
  return judged.ok ? '' : judged.error.explained()
}

describe('the plan of a join', () => {
  it('takes the name and the ingress of this cluster from mc-join-config', () => {
    const { name, k10 } = plan({ config: { 'cluster-name': 'east', 'cluster-ingress': 'https://east.example/k10/' } })
    assert.equal(name, 'east')
    assert.deepEqual(k10, {
      namespace: 'kasten-io',
      releaseName: 'k10',
      ingress: { url: 'https://east.example/k10' },
    })
  })

  it('asks for no name where none is given', () => {
    assert.equal(plan({ endpoint: 'https://hub.example' }).name, undefined)
  })

  it('tries the endpoints that its primary has named, and not those of another', () => {
    const member = {
      primaryUid: 'hub-uid',
      primaryName: 'hub',
      clusterName: 'east',
      dialect: 'first',
      endpoint: 'https://old.example',
      endpoints: ['https://moved.example'],
      keys: { current: { kid: 'k', x: 'x' } },
    } as const
    assert.deepEqual(plan({}, { member }).endpoints, ['https://moved.example', 'https://hub.example/k10'])
    const other = { ...member, primaryUid: 'another' }
    assert.deepEqual(plan({}, { member: other }).endpoints, ['https://hub.example/k10'])
  })

  const refused: readonly [title: string, given: Given, message: RegExp][] = [
    ['a missing token', { token: '' }, /^TokenMalformed: mc-join has no token, or an empty one; copy /],
    ['a token that is cut off', { token: token.slice(0, -10) }, /^TokenMalformed: the token in mc-join is cut off; /],
    ['a token with one character changed', { token: token.replace(/.$/, '!') }, /^TokenChecksum: /],
    [
      'a token that is encoded twice',
      { token: Buffer.from(token).toString('base64') },
      /^TokenMalformed: the token in mc-join is base64-encoded twice; /,
    ],
    ['a token of a megabyte', { token: 'x'.repeat(1 << 20) }, /^TokenMalformed: .* has 1048576 characters; /],
    [
      'a name in capitals',
      { clusterName: 'East' },
      /^NameInvalid: .*; set cluster-name in mc-join-config, or clusterName in mc-join, to lower-case letters/,
    ],
    ['a name that is too long', { clusterName: 'e'.repeat(64) }, /^NameInvalid: .* at most 63 characters; /],
    [
      'an ingress of this cluster that is no URL',
      { config: { 'cluster-ingress': 'east.example' } },
      /^EndpointInvalid: cluster-ingress in mc-join-config has no scheme; write https:\/\/<host>\[:port\]\[\/path\]$/,
    ],
    [
      'an endpoint without a scheme',
      { endpoint: 'hub.example' },
      /^EndpointInvalid: endpoint in mc-join has no scheme/,
    ],
  ]
  for (const [title, given, message] of refused)
    it(`refuses ${title}`, () => {
      assert.match(fault(given), message)
    })

  it('refuses the token of this very cluster', () => {
    const text = fault({}, { ownUid: 'hub-uid' })
    assert.equal(text, 'SelfJoin: a cluster cannot join itself; create mc-join on another cluster')
  })

  it('repeats nothing of a token that it refuses', () => {
    const secret = token.split('.')[2] ?? ''
    assert.ok(secret.length > 40)
    for (const damaged of [token.slice(0, -1), `${token}x`, token.replace('mcj1', 'mcj2')])
      assert.ok(!fault({ token: damaged }).includes(secret.slice(0, 8)), damaged)
  })
})
