import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Redacted } from '../../../../src/lib/redacted.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { decideIdentity } from '../../../../src/secondary/identity/identity.decide.ts'

const own = { key: generateSigningKey() }
const joined = {
  membership: {
    primaryUid: 'p',
    primaryName: 'hub',
    clusterName: 'east',
    dialect: 'first',
    endpoint: 'https://hub.example',
    endpoints: [],
    keys: { current: { kid: 'k', x: 'x' } },
  },
  token: new Redacted('token'),
} as const
const stored = (clusterUid: string) => ({ clusterUid, privateKey: new Redacted('pem'), own })

describe('which key a secondary uses', () => {
  it('is the stored one that was made for this cluster', () => {
    const decision = decideIdentity({ ownUid: 'here', stored: stored('here'), held: undefined })
    assert.deepEqual(decision, { kind: 'use', identity: own })
  })

  it('is never one that was made for another cluster, or for none that it names', () => {
    for (const uid of ['there', '', 'here2', 'HERE'])
      assert.equal(decideIdentity({ ownUid: 'here', stored: stored(uid), held: own }).kind, 'clone', uid)
  })

  it('is not made before it is needed', () => {
    assert.equal(decideIdentity({ ownUid: 'here', stored: undefined, held: undefined }).kind, 'none')
  })

  it('is written back where a member has lost its Secret', () => {
    const held = { ...own, joined }
    const decision = decideIdentity({ ownUid: 'here', stored: undefined, held })
    assert.deepEqual(decision, { kind: 'write-back', identity: held })
  })

  it('is a new one where the Secret was deleted and nobody is a member by it', () => {
    assert.equal(decideIdentity({ ownUid: 'here', stored: undefined, held: own }).kind, 'none')
  })

  it('is none while the Secret is damaged, because overwriting it would lose what may be mended', () => {
    assert.equal(decideIdentity({ ownUid: 'here', stored: 'damaged', held: own }).kind, 'damaged')
  })
})
