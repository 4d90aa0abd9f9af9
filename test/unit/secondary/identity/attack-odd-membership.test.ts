/** `mc-identity` as another tool may have rewritten it: whole to a JSON reader, and of no use to a member. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeIdentity } from '../../../../src/api/mc-identity.ts'
import type { Secret } from '../../../../src/kube/objects.ts'
import { Redacted } from '../../../../src/lib/redacted.ts'
import { generateSigningKey, thumbprintOf, toPrivatePem } from '../../../../src/protocol/keys.ts'
import { createIdentityKeeper } from '../../../../src/secondary/identity/identity-keeper.ts'

const key = generateSigningKey()
const primaryKey = generateSigningKey()
const membership = {
  primaryUid: 'hub-uid',
  primaryName: 'hub',
  clusterName: 'east',
  dialect: 'first',
  endpoint: 'https://hub.example',
  endpoints: [],
  keys: { current: { kid: primaryKey.thumbprint, x: primaryKey.x } },
} as const
/** A point of small order: under it one signature is good for every message. */
const weak = Buffer.alloc(32).toString('base64url')

function judge(changed: object, token = 'communication-token') {
  const joined = { membership: { ...membership, ...changed }, token: new Redacted(token) }
  const privateKey = new Redacted(toPrivatePem(key))
  const { annotations, data } = encodeIdentity({ clusterUid: 'here', privateKey, joined })
  const secret: Secret = { metadata: { name: 'mc-identity', annotations }, data }
  const objects = { write: async () => assert.fail('nothing is written to judge') }
  return createIdentityKeeper({ objects, ownUid: 'here' }).judge(secret)
}

describe('a membership that somebody has rewritten', () => {
  const odd: readonly (readonly [what: string, changed: object, token?: string])[] = [
    ['a weak key of the primary', { keys: { current: { kid: thumbprintOf(weak), x: weak } } }],
    ['a key of the primary under the name of another', { keys: { current: { kid: key.thumbprint, x: primaryKey.x } } }],
    ['a name that leads elsewhere', { clusterName: '../../clusters/west' }],
    ['a name with a terminal code', { primaryName: 'hub\u001b[2J' }],
    ['a token with a line feed', {}, 'communication-token\n'],
    ['an empty token', {}, ''],
  ]
  for (const [what, changed, token] of odd)
    it(`counts as none, and the key is kept: ${what}`, () => {
      const judged = judge(changed, token)
      assert.equal(judged.kind, 'use')
      assert.equal(judged.identity.key.thumbprint, key.thumbprint)
      assert.equal(judged.identity.joined, undefined)
    })

  it('is one where nothing is odd', () => {
    const judged = judge({})
    assert.equal(judged.kind === 'use' && judged.identity.joined?.membership.clusterName, 'east')
  })
})
