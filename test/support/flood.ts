/**
 * One client that asks far more than it may, from behind a proxy that names it: questions for challenges, joins that are
 * none, and heartbeats in the name of a member whose key it has seen. It counts what it is told.
 */
import assert from 'node:assert/strict'
import { generateSigningKey, type PublicKey } from '../../src/protocol/keys.ts'
import { signPossession } from '../../src/protocol/possession-proof.ts'
import { challengePath, heartbeatPath, joinPath, proofHeader } from '../../src/protocol/wire.ts'

const versions = { operator: '0.1.0', kubernetes: 'v1.36.3' }

export interface Flood {
  /** Sends so many requests, thirty at a time. Resolves with how often each status was the answer. */
  pour(requests: number): Promise<ReadonlyMap<number, number>>
}

/** `member` is the public key of the one in whose name it beats. */
export async function createFlood(url: string, member: Pick<PublicKey, 'x'>): Promise<Flood> {
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': '10.66.66.66' }
  const question = JSON.stringify({ v: 1, tid: 'A'.repeat(16), jkt: 'A'.repeat(43), cn: 'A'.repeat(22) })
  const beat = { path: heartbeatPath('east'), token: 'a.b.c', body: JSON.stringify({ versions, health: 'ok' }) }
  const proof = inTheNameOf(
    member,
    await signPossession(generateSigningKey(), beat, { nonce: 'A'.repeat(54), boot: 'b' }),
  )
  const requests = [
    { path: challengePath, body: question, headers },
    { path: joinPath, body: '{"request":"a.b.c"}', headers },
    {
      path: beat.path,
      body: beat.body,
      headers: { ...headers, authorization: `DPoP ${beat.token}`, [proofHeader]: proof },
    },
  ]

  return {
    async pour(count) {
      const statuses = new Map<number, number>()
      let sent = 0
      const pourer = async () => {
        while (sent < count) {
          const { path, ...request } = requests[sent % requests.length] ?? assert.fail()
          sent += 1
          const { status, body } = await fetch(url + path, { method: 'POST', ...request })
          await body?.cancel()
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
        }
      }
      await Promise.all(Array.from({ length: 30 }, pourer))
      return statuses
    },
  }
}

/** The proof with the member's key in its header, which has not signed it. */
function inTheNameOf({ x }: Pick<PublicKey, 'x'>, proof: string): string {
  const [, claims, signature] = proof.split('.')
  const header = { alg: 'Ed25519', typ: 'dpop+jwt', jwk: { kty: 'OKP', crv: 'Ed25519', x } }
  return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${claims}.${signature}`
}
