/**
 * The vector of messages that belong to the exchange of `exchange.json` but for one fault. All are signed for real, by the
 * key that the fault leaves: whoever takes one for good has not looked at that very thing.
 */
import type { ErrorCode } from '../../src/protocol/errors.ts'
import type { SigningKey } from '../../src/protocol/keys.ts'
import { createNonce, memberContext } from '../../src/protocol/nonce.ts'
import { generateExchangeKey, seal } from '../../src/protocol/seal.ts'
import { parseToken } from '../../src/protocol/token.ts'
import { claimsOf, forge } from '../unit/protocol/forge.fixture.ts'
import type { exchangeVector } from './exchange.ts'
import { base64url, bytesOf, inOrder, issuer, now, primary, primaryUid, secondary } from './inputs.ts'

/** A message, and the error with which it is refused. */
export interface Refused {
  readonly why: string
  readonly code: ErrorCode
  readonly message: string
}

type Exchange = Awaited<ReturnType<typeof exchangeVector>>
type Claims = Readonly<Record<string, unknown>>

const otherUid = '00000000-0000-4000-8000-000000000000'
const otherHash = base64url('another hash', 32)
const weakKey = Buffer.alloc(32).toString('base64url')

export function refusedExchangeVector(exchange: Exchange) {
  return {
    requests: requests(exchange),
    results: results(exchange),
    proofs: proofs(exchange),
    replies: replies(exchange),
  }
}

/** What a primary refuses as the request of a join. */
function requests({ token, innerRequest, joinRequest }: Exchange): readonly Refused[] {
  const { id, key } = parseToken(token)
  const claims = claimsOf(innerRequest)
  const inner = (changed: Claims = {}, signer: SigningKey = secondary, x = secondary.x) =>
    forge(
      signer,
      { alg: 'Ed25519', typ: 'mcj-join+jwt', jwk: { kty: 'OKP', crv: 'Ed25519', x } },
      { ...claims, ...changed },
    )
  const outer = (payload: string, signer: SigningKey = key, kid = id) =>
    forge(signer, { alg: 'Ed25519', typ: 'mcj-auth+jws', kid }, payload)
  return [
    refused('the inner message alone', 'Malformed', innerRequest),
    refused('the outer names another token', 'Malformed', outer(innerRequest, key, base64url('another tid', 12))),
    refused('the outer is signed by the key of the secondary', 'ProofInvalid', outer(innerRequest, secondary)),
    refused('the inner is signed by the key of the token', 'ProofInvalid', outer(inner({}, key))),
    refused('the inner names another key than its own', 'Malformed', outer(inner({ iss: otherHash }))),
    refused('the inner is meant for another primary', 'Malformed', outer(inner({ aud: otherUid }))),
    refused('the inner carries a weak key', 'Malformed', outer(inner({}, secondary, weakKey))),
    refused('the exchange key is weak', 'Malformed', outer(inner({ epk: weakKey }))),
    refused('the outer signs itself', 'Malformed', outer(joinRequest.request)),
  ]
}

/** What a secondary refuses as the result. */
function results({ accepted, acceptedUnsealed, refused: { result } }: Exchange): readonly Refused[] {
  const claims = claimsOf(result)
  const refusal = (changed: Claims, signer: SigningKey = primary) => signedAs('mcj-result+jwt', claims, changed, signer)
  const sealFor = (message: string, recipient: string) =>
    seal(message, recipient, inOrder(bytesOf('another seal', 32), bytesOf('another seal nonce', 24)))
  const someoneElse = generateExchangeKey(inOrder(bytesOf('someone else', 32)))
  const cut = accepted.result.slice(0, -4)
  return [
    refused('an acceptance that is not sealed', 'NotOurServer', acceptedUnsealed),
    refused('an acceptance sealed to another', 'NotOurServer', sealFor(acceptedUnsealed, someoneElse.publicKey)),
    refused('an acceptance that is cut off', 'NotOurServer', cut),
    refused('a refusal of another key', 'PrimaryKeyMismatch', refusal({}, secondary)),
    ...bound(refusal, { iss: otherUid, aud: otherHash, sub: otherUid, reqh: otherHash }),
    ...bound(refusal, { cn: base64url('another cn', 16), sn: base64url('another sn', 40) }),
    refused('a code that is never signed', 'VersionTooOld', refusal({ code: 'Busy' })),
    refused('a code that is not known', 'VersionTooOld', refusal({ code: 'Whatever' })),
  ]
}

/** What a primary refuses as the proof of the heartbeat. */
function proofs({ heartbeat }: Exchange): readonly Refused[] {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: secondary.x }
  const claims = claimsOf(heartbeat.proof)
  const proof = (changed: Claims, signer: SigningKey = secondary) =>
    forge(signer, { alg: 'Ed25519', typ: 'dpop+jwt', jwk }, { ...claims, ...changed })
  const stolen = createNonce(issuer.nonceKey, memberContext(primaryUid, otherHash), now, inOrder(bytesOf('stolen', 16)))
  return [
    refused('another method', 'Malformed', proof({ htm: 'GET' })),
    refused('another path', 'ProofInvalid', proof({ htu: heartbeat.path.replace('east', 'west') })),
    refused('another token', 'ProofInvalid', proof({ ath: otherHash })),
    refused('another body', 'ProofInvalid', proof({ bh: otherHash })),
    refused('the nonce of another member', 'NonceInvalid', proof({ nonce: stolen })),
    refused('the signature of another key', 'ProofInvalid', proof({}, primary)),
  ]
}

/** What a secondary refuses as the reply. */
function replies({ replies: given }: Exchange): readonly Refused[] {
  const claims = claimsOf(given['Disconnected']?.reply ?? '')
  const reply = (changed: Claims, signer: SigningKey = primary) => signedAs('mcj-reply+jwt', claims, changed, signer)
  return [
    ...bound(reply, { iss: otherUid, aud: otherHash, reqh: otherHash }),
    refused('a status that is not known', 'NotOurServer', reply({ status: 'Gone' })),
    refused('the signature of another key', 'PrimaryKeyMismatch', reply({}, secondary)),
    refused('another type', 'NotOurServer', signedAs('mcj-result+jwt', claims, {}, primary)),
  ]
}

/** One message for each claim that ties an answer to what it answers. */
function bound(sign: (changed: Claims) => string, others: Claims): readonly Refused[] {
  return Object.entries(others).map(([claim, value]) =>
    refused(`another ${claim}`, 'NotOurServer', sign({ [claim]: value })),
  )
}

function signedAs(typ: string, claims: Claims, changed: Claims, signer: SigningKey): string {
  return forge(signer, { alg: 'Ed25519', typ, kid: primary.thumbprint }, { ...claims, ...changed })
}

function refused(why: string, code: ErrorCode, message: string): Refused {
  return { why, code, message }
}
