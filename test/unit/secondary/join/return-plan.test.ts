import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { StoredMembership } from '../../../../src/api/membership.ts'
import { Redacted } from '../../../../src/lib/redacted.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { issueToken, parseToken } from '../../../../src/protocol/token.ts'
import type { JoinPlan } from '../../../../src/secondary/join/plan.ts'
import { isTokenSpent, planReturn, returnBeside } from '../../../../src/secondary/join/return-plan.ts'

const membership: StoredMembership = {
  primaryUid: 'hub-uid',
  primaryName: 'hub',
  clusterName: 'east',
  dialect: 'first',
  endpoint: 'https://b.example',
  endpoints: ['https://a.example', 'http://c.example'],
  keys: { current: { kid: 'k', x: 'x' } },
}
const joined = { membership, token: new Redacted('communication-token') }
const installation = { namespace: 'kasten-io', releaseName: 'k10' }
const given = { allowHttp: false, allowUntrustedTls: false, clusterIngress: undefined }

describe('a return', () => {
  it('asks where the primary was reached last, then where else it may be, within the permissions', () => {
    const { endpoints } = planReturn(joined, given, installation)
    assert.deepEqual(endpoints, ['https://b.example', 'https://a.example'])
    assert.equal(planReturn(joined, { ...given, allowHttp: true }, installation).endpoints.length, 3)
  })

  it('reports the URL of this cluster where it is given, and none that cannot be used', () => {
    const k10 = (clusterIngress: string | undefined) =>
      planReturn(joined, { ...given, clusterIngress }, installation).k10
    assert.deepEqual(k10('https://east.example/k10'), { ...installation, ingress: { url: 'https://east.example/k10' } })
    for (const url of [undefined, '', 'east', 'ftp://east']) assert.deepEqual(k10(url), installation)
  })

  it('asks first where an mc-join for the same primary points, which may know a newer address', () => {
    const key = generateSigningKey()
    const token = parseToken(issueToken({ uid: 'hub-uid', key, endpoints: ['https://a.example'] }).text.reveal())
    const k10 = { ...installation, releaseName: 'other' }
    const endpoints = ['https://new.example', 'https://a.example']
    const plan: JoinPlan = {
      kind: 'join',
      token,
      endpoints,
      name: undefined,
      k10,
      allowUntrustedTls: false,
      origin: { dialect: 'first' },
    }
    const back = returnBeside(plan, planReturn(joined, given, installation))
    assert.deepEqual(back.endpoints, ['https://new.example', 'https://a.example', 'https://b.example'])
    assert.deepEqual([back.k10, back.joined], [k10, joined])
  })

  it('follows the end of a token, and no other refusal', () => {
    for (const code of ['TokenInvalid', 'TokenExpired', 'TokenExhausted']) assert.equal(isTokenSpent(code), true, code)
    for (const code of ['TokenScope', 'TokenMalformed', 'Denied', '', 'token']) assert.equal(isTokenSpent(code), false)
  })
})
