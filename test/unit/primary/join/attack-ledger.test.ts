/** What the primary keeps of a token is a verifier: whoever reads all of it, and the token is blanked, cannot join. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, it } from 'node:test'
import { annotations } from '../../../../src/api/group.ts'
import { hkdf, sha256, toBase64url } from '../../../../src/protocol/encoding.ts'
import { signingKeyFromSeed } from '../../../../src/protocol/keys.ts'
import type { JoinToken } from '../../../../src/protocol/token.ts'
import { applicant, issuer, joinWorld } from './join-world.fixture.ts'

/** Every way to 32 bytes that somebody could try with a text that he has read. */
function* seedsOf(text: string, header: string): Generator<Buffer> {
  for (const bytes of [Buffer.from(text), Buffer.from(text, 'base64url')]) {
    const digest = createHash('sha256').update(bytes).digest()
    for (const secret of [bytes, digest]) {
      if (secret.length >= 32) yield secret.subarray(0, 32)
      // As a token's key is derived from its secret.
      yield hkdf(secret, `mcj1/token-key/${sha256(header)}`, 32)
      yield hkdf(secret, 'mcj1/token-seal', 32)
    }
  }
}

describe('somebody who has read all annotations of a join-token Secret', () => {
  it('makes no proof of them that is accepted, while the holder of the token joins', async () => {
    const world = joinWorld()
    const { token, secret } = world.storeToken({ [annotations.redact]: 'now' })
    assert.equal(secret.data, undefined, 'the token itself is not stored')
    const header = toBase64url(
      JSON.stringify({ tid: token.id, iss: issuer.uid, pk: issuer.key.x, ep: token.endpoints }),
    )
    const read = Object.values(secret.metadata.annotations ?? {})
    assert.ok(read.includes(token.key.x), 'the public half is among what he has read')
    let tried = 0
    for (const text of [...read, read.join(''), header, secret.metadata.uid ?? ''])
      for (const seed of seedsOf(text, header)) {
        const forged: JoinToken = { ...token, key: signingKeyFromSeed(seed) }
        assert.notEqual(forged.key.x, token.key.x)
        const outcome = await world.join(applicant(), token, forged)
        assert.equal(outcome.kind === 'refused' && outcome.refusal.code, 'TokenInvalid', text)
        tried += 1
      }
    assert.ok(tried > 50, `${tried} proofs have been tried`)
    assert.equal((await world.join(applicant(), token)).kind, 'joined')
  })

  it('makes none with a key of his own that claims the stored one either', async () => {
    const world = joinWorld()
    const { token } = world.storeToken()
    const own = applicant().key
    const outcome = await world.join(applicant(), token, { ...token, key: { ...own, x: token.key.x } })
    assert.equal(outcome.kind === 'refused' && outcome.refusal.code, 'TokenInvalid')
  })
})
