/** The code refuses each message that the vectors say belongs to no exchange, with the code that they name. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { decodeJoinRequest, verifyJoinRequest, verifyTokenProof } from '../../../src/protocol/join-request.ts'
import { openResult } from '../../../src/protocol/join-result.ts'
import { decodeReturnRequest, verifyReturnRequest } from '../../../src/protocol/join-return.ts'
import { verifyPossession } from '../../../src/protocol/possession-proof.ts'
import { openReply } from '../../../src/protocol/reply.ts'
import { generateExchangeKey } from '../../../src/protocol/seal.ts'
import { parseToken } from '../../../src/protocol/token.ts'
import { keyringOf } from '../../support/keyring.ts'
import type { exchangeVector } from '../../vectors/exchange.ts'
import { issuer, primary } from '../../vectors/inputs.ts'
import type { Refused, refusedExchangeVector } from '../../vectors/refused-exchange.ts'
import type { returnVector } from '../../vectors/return.ts'

const read = (name: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../../vectors', name), 'utf8'))
const vector = read('exchange.json') as Awaited<ReturnType<typeof exchangeVector>>
const refused = read('refused-exchange.json') as ReturnType<typeof refusedExchangeVector>
const { now, primaryUid, heartbeat } = vector
const token = parseToken(vector.token)

/** `good` passes, so that the others fail for their own reason. */
async function assertRefused(
  open: (message: string) => Promise<unknown>,
  good: readonly string[],
  bad: readonly Refused[],
): Promise<void> {
  for (const message of good) await open(message)
  assert.ok(bad.length > 0)
  for (const { why, code, message } of bad) await assert.rejects(open(message), { code }, why)
}

describe('the messages of the vectors that fit the exchange but for one fault', () => {
  it('are refused by the primary as a request', async () => {
    await assertRefused(
      async (request) => {
        const join = decodeJoinRequest(request)
        await verifyTokenProof(join, token.key)
        return verifyJoinRequest(join, primaryUid)
      },
      [vector.joinRequest.request],
      refused.requests,
    )
  })

  it('are refused by the primary as a return', async () => {
    const { joinRequest, refused: bad } = read('return.json') as Awaited<ReturnType<typeof returnVector>>
    const verify = async (asked: { request: string; token: string }) =>
      verifyReturnRequest(decodeReturnRequest(asked.request, asked.token), primaryUid)
    await verify(joinRequest)
    for (const { why, code, request, token: shown } of bad)
      await assert.rejects(
        async () => verify({ request, token: shown }),
        (error) => (error as { code?: unknown }).code === code,
        why,
      )
  })

  it('are refused by the secondary as a result', async () => {
    const { request } = vector.joinRequest
    const { jkt, sub, cn, sn } = decodeJoinRequest(request)
    const exchangeKey = generateExchangeKey(() => Buffer.from(vector.random['exchangeSecret'] ?? '', 'hex'))
    const expected = { echoes: { jkt, sub, cn, sn }, request, primaryUid, primaryKey: primary, exchangeKey }
    await assertRefused(
      async (result) => openResult(result, expected),
      [vector.accepted.result, vector.refused.result],
      refused.results,
    )
  })

  it('are refused by the primary as a proof of possession', async () => {
    await assertRefused(
      async (proof) => verifyPossession(keyringOf(issuer), proof, heartbeat, { now, lifetime: 300_000 }),
      [heartbeat.proof],
      refused.proofs,
    )
  })

  it('are refused by the secondary as a reply', async () => {
    const { jkt: thumbprint } = decodeJoinRequest(vector.joinRequest.request)
    await assertRefused(
      async (reply) => openReply(reply, { proof: heartbeat.proof, thumbprint, primaryUid, primaryKey: primary }),
      Object.values(vector.replies).map(({ reply }) => reply),
      refused.replies,
    )
  })
})
