import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeClusterInfo } from '../../../../src/api/mc-cluster-info.ts'
import { decodeMembership, encodeMembership, type StoredMembership } from '../../../../src/api/membership.ts'
import { Redacted } from '../../../../src/lib/redacted.ts'
import { createIssuer } from '../../../../src/protocol/issuer.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { signMembershipToken } from '../../../../src/protocol/membership-token.ts'
import { issueToken, parseToken } from '../../../../src/protocol/token.ts'
import { admittedMembership } from '../../../../src/secondary/join/admission.ts'
import { noContact } from '../../../../src/secondary/membership/heartbeat.decide.ts'
import { isRestoreDue, updatedMembership, updatedToken } from '../../../../src/secondary/membership/upkeep.decide.ts'

const key = generateSigningKey()
const endpoint = 'https://hub.example'
const origin = { dialect: 'second', primaryIngress: endpoint } as const
const token = parseToken(issueToken({ uid: 'hub-uid', key, endpoints: [endpoint] }).text.reveal())
const membership = {
  clusterName: 'east',
  primaryName: 'hub',
  endpoints: ['https://hub.example'],
  token: new Redacted('communication-token'),
  keys: { current: { kid: key.thumbprint, x: key.x } },
  interval: 20,
  nonce: 'n',
}
const joined = admittedMembership({ kind: 'join', token, origin }, { membership, endpoint })

describe('the upkeep of a membership', () => {
  it('takes over where the primary may be reached, from a signed ok only', () => {
    const named = { endpoint: 'https://b', endpoints: ['https://b', 'https://c'] }
    const heard = { ...noContact(), ...named, word: { kind: 'ok' } as const }
    assert.deepEqual(updatedMembership(joined.membership, heard), { ...joined.membership, ...named })
    assert.equal(updatedMembership(joined.membership, { ...heard, word: { kind: 'unknown' } }), joined.membership)
    assert.equal(updatedMembership(joined.membership, noContact()), joined.membership)
  })

  it('takes a token that names its key in the place of one that names another, and no other token', async () => {
    const own = generateSigningKey()
    const issuer = createIssuer('hub-uid', key)
    const naming = async ({ thumbprint }: { readonly thumbprint: string }) =>
      new Redacted(await signMembershipToken(issuer, { clusterName: 'east', uid: 'own-uid', thumbprint }, 0))
    const [present, fresh, old] = [await naming(own), await naming(own), await naming(key)]
    const given = (token: Redacted<string>) => ({ ...noContact(), word: { kind: 'ok' } as const, token })
    assert.equal(updatedToken(old, own, given(fresh)), fresh)
    assert.equal(updatedToken(present, own, given(fresh)), present, 'one with each reply would be a write each')
    assert.equal(updatedToken(old, own, given(old)), old)
    assert.equal(updatedToken(old, own, given(new Redacted('made up'))), old)
    assert.equal(updatedToken(old, own, noContact()), old)
  })

  it('restores mc-cluster-info that was deleted or changed, and leaves a whole one alone', () => {
    const data = encodeClusterInfo(joined)
    assert.equal(isRestoreDue(joined, data), false)
    assert.equal(isRestoreDue(joined, { ...data, note: 'of a user' }), false)
    assert.equal(isRestoreDue(joined, undefined), true)
    assert.equal(isRestoreDue(joined, { ...data, endpoint: 'aHR0cHM6Ly9ldmls' }), true)
  })

  it('finds what was written after an admission whole when it is read back from mc-identity', () => {
    const readBack = decodeMembership(encodeMembership(joined.membership)) as StoredMembership
    const again = { membership: readBack, token: new Redacted(joined.token.reveal()) }
    assert.equal(isRestoreDue(again, encodeClusterInfo(joined)), false)
  })
})
