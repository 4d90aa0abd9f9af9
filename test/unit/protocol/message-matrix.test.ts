/** No message can be taken for another: every one into every verifier, as it was sent and signed anew. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { MessageType } from '../../../src/protocol/jws.ts'
import { runExchange } from './exchange.fixture.ts'
import { forge } from './forge.fixture.ts'
import { verifiersOf } from './verifiers.fixture.ts'

const exchange = await runExchange()
const verifiers = verifiersOf(exchange)
const types: readonly MessageType[] = [
  'mcj-challenge+jwt',
  'mcj-auth+jws',
  'mcj-join+jwt',
  'mcj-result+jwt',
  'mcj-reply+jwt',
  'mcj-rekey+jwt',
  'mcj-key+jwt',
  'at+jwt',
  'dpop+jwt',
]
/** Every text that crosses the wire in this exchange, and what is inside the two that wrap another. */
const messages: Record<string, string> = {
  ...Object.fromEntries(Object.entries(verifiers).map(([name, { own }]) => [name, own])),
  'unsealed result': exchange.signed,
  'join token': exchange.issued.text.reveal(),
}

for (const [name, verifier] of Object.entries(verifiers))
  describe(`the verifier of the ${name}`, () => {
    it('accepts its own message', async () => {
      await assert.doesNotReject(verifier.verify(verifier.own))
    })

    for (const [other, message] of Object.entries(messages)) {
      // A result is sealed or refused, and one verifier reads both.
      if (verifiers[other]?.typ === verifier.typ) continue
      it(`refuses the ${other}`, async () => {
        await assert.rejects(verifier.verify(message), { name: 'ProtocolError' })
      })
    }

    // Only the type tells these from the genuine message: content, key and signature are right.
    const [head = '', payload = ''] = (name === 'sealed result' ? exchange.signed : verifier.own).split('.')
    const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as object
    for (const typ of types) {
      const signedAnew = forge(verifier.key, { ...header, typ }, Buffer.from(payload, 'base64url'))
      if (typ === verifier.typ) {
        if (name !== 'sealed result')
          it('accepts its own content signed anew', async () => {
            await assert.doesNotReject(verifier.verify(signedAnew))
          })
      } else
        it(`refuses its own content signed as ${typ}`, async () => {
          await assert.rejects(verifier.verify(signedAnew), { name: 'ProtocolError' })
        })
    }
  })
