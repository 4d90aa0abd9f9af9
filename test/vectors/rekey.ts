/**
 * The vector of a change of the member's key: the request by the new key, the proof by the old one, the reply, and the
 * requests that a primary must refuse. It goes on where the exchange of `exchange.json` ends.
 */
import { type SigningKey, seedOf, signingKeyFromSeed } from '../../src/protocol/keys.ts'
import { signMembershipToken } from '../../src/protocol/membership-token.ts'
import { createNonce, memberContext } from '../../src/protocol/nonce.ts'
import { signPossession } from '../../src/protocol/possession-proof.ts'
import { signRekeyRequest } from '../../src/protocol/rekey.ts'
import { signReply } from '../../src/protocol/reply.ts'
import { rekeyPath } from '../../src/protocol/wire.ts'
import { claimsOf, forge } from '../unit/protocol/forge.fixture.ts'
import type { exchangeVector } from './exchange.ts'
import {
  base64url,
  bytesOf,
  hex,
  inOrder,
  issuer,
  now,
  primary,
  primaryUid,
  secondary,
  secondaryUid,
} from './inputs.ts'
import type { Refused } from './refused-exchange.ts'

const next = signingKeyFromSeed(bytesOf('secondary, the next key', 32))

export async function rekeyVector({ heartbeat: { token } }: Awaited<ReturnType<typeof exchangeVector>>) {
  const random = { nonce: bytesOf('rekey nonce', 16), jti: bytesOf('rekey jti', 12) }
  const { thumbprint } = secondary
  const request = await signRekeyRequest(next, { primaryUid, uid: secondaryUid, oldKeyId: thumbprint }, now)
  const asked = { path: rekeyPath('east'), token, body: JSON.stringify({ request, kid: primary.thumbprint }) }
  const proof = await signPossession(secondary, asked, {
    nonce: createNonce(issuer.nonceKey, memberContext(primaryUid, thumbprint), now, inOrder(random.nonce)),
    boot: 'boot-1',
    random: inOrder(random.jti),
  })
  const subject = { clusterName: 'east', uid: secondaryUid, thumbprint: next.thumbprint }
  const reply = { status: 'ok', interval: 20, token: await signMembershipToken(issuer, subject, now) } as const
  return {
    random: { nonce: hex(random.nonce), jti: hex(random.jti) },
    nextSeed: hex(seedOf(next)),
    next: { x: next.x, thumbprint: next.thumbprint },
    request,
    rekey: { ...asked, proof },
    reply: { reply: await signReply(issuer, { proof, thumbprint }, reply) },
    refused: refusedRequests(request),
  }
}

/** Each fits but for one fault, and is signed for real by the key that the fault leaves. */
function refusedRequests(request: string): readonly Refused[] {
  const claims = claimsOf(request)
  const signed = (changed: object, { signer = next, x = next.x }: { signer?: SigningKey; x?: string } = {}) =>
    forge(
      signer,
      { alg: 'Ed25519', typ: 'mcj-rekey+jwt', jwk: { kty: 'OKP', crv: 'Ed25519', x } },
      { ...claims, ...changed },
    )
  const other = base64url('another hash', 32)
  const otherUid = '00000000-0000-4000-8000-000000000000'
  const weakKey = Buffer.alloc(32).toString('base64url')
  return [
    { why: 'another version', code: 'Malformed', message: signed({ v: 2 }) },
    { why: 'it names another key than its own', code: 'Malformed', message: signed({ iss: other }) },
    { why: 'it is meant for another primary', code: 'Malformed', message: signed({ aud: otherUid }) },
    { why: 'it is about another cluster', code: 'Malformed', message: signed({ sub: otherUid }) },
    { why: 'it replaces another key', code: 'Malformed', message: signed({ old: other }) },
    { why: 'it carries a weak key', code: 'Malformed', message: signed({}, { x: weakKey }) },
    { why: 'it is signed by the old key', code: 'ProofInvalid', message: signed({}, { signer: secondary }) },
  ]
}
