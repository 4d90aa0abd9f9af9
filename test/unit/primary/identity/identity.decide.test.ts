/** The whole of the decision about the signing key: eight situations. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decideIdentity } from '../../../../src/primary/identity/identity.decide.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'

const keys = () => ({ current: generateSigningKey(), retired: [], compromised: [] })
const [stored, held] = [keys(), keys()]

describe('the signing key', () => {
  for (const reliedOn of [true, false]) {
    const whether = reliedOn ? 'relied on' : 'relied on by nobody'

    it(`is the stored one, whatever is held, ${whether}`, () => {
      for (const other of [undefined, held, stored])
        assert.deepEqual(decideIdentity({ stored, held: other, reliedOn }), { kind: 'use', keys: stored })
    })

    it(`is written back where it is held and stored no more, ${whether}`, () => {
      assert.deepEqual(decideIdentity({ stored: undefined, held, reliedOn }), { kind: 'write-back', keys: held })
    })
  }

  it('is made where there is none and nobody relies on one', () => {
    assert.deepEqual(decideIdentity({ stored: undefined, held: undefined, reliedOn: false }), { kind: 'make' })
  })

  it('is lost, and not made, where there is none and something relies on it', () => {
    assert.deepEqual(decideIdentity({ stored: undefined, held: undefined, reliedOn: true }), { kind: 'lost' })
  })
})
