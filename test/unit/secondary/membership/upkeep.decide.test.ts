import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeClusterInfo } from '../../../../src/api/mc-cluster-info.ts'
import { decodeMembership, encodeMembership, type StoredMembership } from '../../../../src/api/membership.ts'
import { Redacted } from '../../../../src/lib/redacted.ts'
import { createIssuer } from '../../../../src/protocol/issuer.ts'
import { generateSigningKey, type SigningKey, toPublicPem } from '../../../../src/protocol/keys.ts'
import { signMembershipToken } from '../../../../src/protocol/membership-token.ts'
import { signNextKey } from '../../../../src/protocol/next-key.ts'
import { issueToken, parseToken } from '../../../../src/protocol/token.ts'
import { admittedMembership } from '../../../../src/secondary/join/admission.ts'
import { type Contact, noContact } from '../../../../src/secondary/membership/heartbeat.decide.ts'
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

  it('takes over the keys that the primary names, and shows the current one', () => {
    const young = generateSigningKey()
    const keys = { current: { kid: young.thumbprint, x: young.x } }
    const heard = { ...noContact(), endpoint, keys, word: { kind: 'ok' } as const }
    const membership = updatedMembership(joined.membership, heard)
    assert.deepEqual(membership.keys, keys)
    const shown = encodeClusterInfo({ ...joined, membership })['primaryPublicKey'] ?? ''
    assert.equal(Buffer.from(shown, 'base64').toString(), toPublicPem(young))
    assert.equal(updatedMembership(membership, heard), membership, 'nothing is written twice')
  })

  it('takes a token that names its key in the place of one that names another, and no other token', async () => {
    const own = generateSigningKey()
    const issuer = createIssuer('hub-uid', key)
    const naming = async ({ thumbprint }: { readonly thumbprint: string }) =>
      new Redacted(await signMembershipToken(issuer, { clusterName: 'east', uid: 'own-uid', thumbprint }, 0))
    const [present, fresh, old] = [await naming(own), await naming(own), await naming(key)]
    const given = (token: Redacted<string>) => ({ ...noContact(), word: { kind: 'ok' } as const, token })
    const after = (token: Redacted<string>, contact: Contact) => updatedToken({ ...joined, token }, own, contact)
    assert.equal(after(old, given(fresh)), fresh)
    assert.equal(after(present, given(fresh)), present, 'one with each reply would be a write each')
    assert.equal(after(old, given(old)), old)
    assert.equal(after(old, given(new Redacted('made up'))), old)
    assert.equal(after(old, noContact()), old)
  })

  it('takes a token of the key that it trusts in the place of one of an older key, and the other way about none', async () => {
    const own = generateSigningKey()
    const young = generateSigningKey()
    const subject = { clusterName: 'east', uid: 'own-uid', thumbprint: own.thumbprint }
    const signedBy = async (signer: SigningKey) =>
      new Redacted(await signMembershipToken(createIssuer('hub-uid', signer), subject, 0))
    const [old, fresh] = [await signedBy(key), await signedBy(young)]
    const next = await signNextKey('hub-uid', young)
    const membership = { ...joined.membership, keys: { ...joined.membership.keys, next } }
    const given = (token: Redacted<string>) => ({ ...noContact(), word: { kind: 'ok' } as const, token })
    assert.equal(updatedToken({ membership, token: old }, own, given(fresh)), fresh)
    assert.equal(updatedToken({ membership, token: fresh }, own, given(old)), fresh)
    assert.equal(updatedToken({ ...joined, token: old }, own, given(fresh)), old, 'a key that it does not trust yet')
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
