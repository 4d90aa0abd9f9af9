/** The vector of a return: a member that its primary has forgotten shows its membership; and what is refused as one. */
import { askForChallenge, openChallenge, signChallenge } from '../../src/protocol/challenge.ts'
import { signReturnRequest } from '../../src/protocol/join-return.ts'
import type { SigningKey } from '../../src/protocol/keys.ts'
import { signMembershipToken } from '../../src/protocol/membership-token.ts'
import { generateExchangeKey } from '../../src/protocol/seal.ts'
import { claimsOf, forge } from '../unit/protocol/forge.fixture.ts'
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
  versions,
} from './inputs.ts'

const otherUid = '00000000-0000-4000-8000-000000000000'
const otherHash = base64url('another hash', 32)

export async function returnVector() {
  const random = {
    cn: bytesOf('return cn', 16),
    sn: bytesOf('return sn', 16),
    exchangeSecret: bytesOf('return exchange', 32),
  }
  const { thumbprint } = secondary
  const challengeRequest = askForChallenge({ tokenId: null, primaryKey: primary, thumbprint }, inOrder(random.cn))
  const challenge = await signChallenge(issuer, challengeRequest, { spki: [], now, random: inOrder(random.sn) })
  const opened = await openChallenge(challenge, { request: challengeRequest, primaryUid, primaryKey: primary })
  const joiner = {
    key: secondary,
    uid: secondaryUid,
    name: 'east',
    k10: { namespace: 'kasten-io', releaseName: 'k10' },
    versions,
  }
  const exchangeKey = generateExchangeKey(inOrder(random.exchangeSecret)).publicKey
  const request = await signReturnRequest(joiner, { challenge: opened, primaryUid, exchangeKey, now })
  const member = { clusterName: 'east', uid: secondaryUid, thumbprint }
  const token = await signMembershipToken(issuer, member, now)
  return {
    now,
    random: Object.fromEntries(Object.entries(random).map(([name, bytes]) => [name, hex(bytes)])),
    challengeRequest,
    challengeAnswer: { challenge },
    joinRequest: { request, token, kid: primary.thumbprint },
    refused: await refused(request, token),
  }
}

/** What a primary refuses as a return: its request or the token that comes with it. */
async function refused(request: string, token: string) {
  const claims = claimsOf(request)
  const changed = (change: object, signer: SigningKey = secondary) => {
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: secondary.x }
    return forge(signer, { alg: 'Ed25519', typ: 'mcj-join+jwt', jwk }, { ...claims, ...change })
  }
  const tokenOf = async (change: object) =>
    signMembershipToken(
      issuer,
      { clusterName: 'east', uid: secondaryUid, thumbprint: secondary.thumbprint, ...change },
      now,
    )
  const { name: _name, ...nameless } = claims
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: secondary.x }
  return [
    { why: 'it names a join token', code: 'Malformed', request: changed({ tid: base64url('tid', 12) }), token },
    { why: 'it names no join token by leaving it out', code: 'Malformed', request: changed({ tid: undefined }), token },
    {
      why: 'it asks for no name',
      code: 'Malformed',
      request: forge(secondary, { alg: 'Ed25519', typ: 'mcj-join+jwt', jwk }, nameless),
      token,
    },
    { why: 'it asks for another name', code: 'Malformed', request: changed({ name: 'west' }), token },
    { why: 'it is meant for another primary', code: 'Malformed', request: changed({ aud: otherUid }), token },
    { why: 'it is signed by another key', code: 'ProofInvalid', request: changed({}, primary), token },
    { why: 'the token is of another cluster', code: 'ProofInvalid', request, token: await tokenOf({ uid: otherUid }) },
    {
      why: 'the token is of another key',
      code: 'ProofInvalid',
      request,
      token: await tokenOf({ thumbprint: otherHash }),
    },
    { why: 'the token is of another name', code: 'Malformed', request, token: await tokenOf({ clusterName: 'west' }) },
    { why: 'the token is the request', code: 'Malformed', request, token: request },
  ] as const
}
