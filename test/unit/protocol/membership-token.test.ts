/** The communication token: it names a membership, and only the primary can issue it. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isGenuineToken, readMembershipToken, signMembershipToken } from '../../../src/protocol/membership-token.ts'
import { keyringOf } from '../../support/keyring.ts'
import { issuerOf, now, runExchange } from './exchange.fixture.ts'
import { claimsOf, forge, withPart } from './forge.fixture.ts'
import { keyOf } from './randomness.fixture.ts'
import { refusedWith } from './refused.fixture.ts'

const { issuer, joiner, membership, reply, issued } = await runExchange()
const claims = claimsOf(membership.token.reveal())
const header = { alg: 'Ed25519', typ: 'at+jwt' }

describe('a communication token', () => {
  it('names the cluster, its uid and the thumbprint of its key, and no secret and no end', () => {
    assert.deepEqual(readMembershipToken(membership.token.reveal()), claims)
    assert.deepEqual(claims, {
      iss: issuer.uid,
      sub: 'cluster-x',
      aud: 'mc',
      uid: joiner.uid,
      cnf: { jkt: joiner.key.thumbprint },
      iat: now / 1000,
    })
  })

  it('is genuine where this primary signed it', async () => {
    assert.equal(await isGenuineToken(keyringOf(issuer), membership.token.reveal()), true)
  })

  it('is not genuine where another key signed it, or a character is another', async () => {
    const member = { clusterName: 'cluster-x', uid: joiner.uid, thumbprint: joiner.key.thumbprint }
    const forged = [
      await signMembershipToken(issuerOf('b'), member, now),
      forge(joiner.key, header, claims),
      withPart(
        membership.token.reveal(),
        1,
        Buffer.from(JSON.stringify({ ...claims, sub: 'other' })).toString('base64url'),
      ),
      withPart(membership.token.reveal(), 2, Buffer.alloc(64).toString('base64url')),
    ]
    for (const token of forged) assert.equal(await isGenuineToken(keyringOf(issuer), token), false)
  })

  it('is not genuine where it is another message of this primary, or nothing of ours', async () => {
    for (const text of [reply, issued.text.reveal(), '', 'eyJhbGciOiJub25lIn0.e30.', 'A'.repeat(100_000)])
      assert.equal(await isGenuineToken(keyringOf(issuer), text), false)
  })

  const wrong: Record<string, object> = {
    'another audience': { aud: 'mcj-join' },
    'no key': { cnf: undefined },
    'an empty confirmation': { cnf: {} },
    'a name that is a path': { sub: '../secrets' },
    'a name in capitals': { sub: 'Cluster-X' },
    'no uid': { uid: undefined },
  }
  for (const [what, changed] of Object.entries(wrong))
    it(`cannot be read with ${what}`, () => {
      const token = forge(keyOf('anybody'), header, { ...claims, ...changed })
      assert.throws(() => readMembershipToken(token), refusedWith('Malformed'))
    })
})
