/** Announcing a key takes the key itself: nobody can make members name a key that its holder never meant to announce. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateSigningKey, type SigningKey } from '../../../src/protocol/keys.ts'
import { openNextKey } from '../../../src/protocol/next-key.ts'
import { forge } from './forge.fixture.ts'
import { refusedWith } from './refused.fixture.ts'

const uid = 'uid-primary'
const [victim, attacker] = [generateSigningKey(), generateSigningKey()]

const announcement = (signer: SigningKey, kid: string, x: string) =>
  forge(signer, { alg: 'Ed25519', typ: 'mcj-key+jwt', kid }, { iss: uid, x })

describe('an announcement', () => {
  it('of a key that did not sign it is refused', async () => {
    await assert.rejects(
      openNextKey(announcement(attacker, victim.thumbprint, victim.x), uid),
      refusedWith('ProofInvalid'),
    )
  })

  it('under the name of another key is refused', async () => {
    await assert.rejects(
      openNextKey(announcement(attacker, victim.thumbprint, attacker.x), uid),
      refusedWith('Malformed'),
    )
  })

  it('of a weak key is refused: anybody could sign for it', async () => {
    const weak = Buffer.alloc(32).toString('base64url')
    await assert.rejects(openNextKey(announcement(attacker, victim.thumbprint, weak), uid), refusedWith('Malformed'))
  })
})
