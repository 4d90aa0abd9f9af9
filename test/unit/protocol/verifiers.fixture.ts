/** Every verifier of the protocol, with what it expects in one exchange: for tests that try all messages on all of them. */

import { openChallenge } from '../../../src/protocol/challenge.ts'
import { decodeJoinRequest, verifyJoinRequest, verifyTokenProof } from '../../../src/protocol/join-request.ts'
import { openResult } from '../../../src/protocol/join-result.ts'
import { decodeReturnRequest, verifyReturnRequest } from '../../../src/protocol/join-return.ts'
import { decodeJws, type MessageType } from '../../../src/protocol/jws.ts'
import type { SigningKey } from '../../../src/protocol/keys.ts'
import { readMembershipToken } from '../../../src/protocol/membership-token.ts'
import { openNextKey } from '../../../src/protocol/next-key.ts'
import { verifyPossession } from '../../../src/protocol/possession-proof.ts'
import { verifyRekeyRequest } from '../../../src/protocol/rekey.ts'
import { openReply } from '../../../src/protocol/reply.ts'
import { keyringOf } from '../../support/keyring.ts'
import { type Exchange, memberNonceLifetime, now } from './exchange.fixture.ts'

export interface Verifier {
  readonly typ: MessageType
  /** The key whose signature it believes. */
  readonly key: SigningKey
  /** The message of this exchange that it accepts. */
  readonly own: string
  /** Rejects with what its caller would see. */
  verify(message: string): Promise<unknown>
}

export function verifiersOf(exchange: Exchange): Record<string, Verifier> {
  const { issuer, joiner, token, ask, exchangeKey, echoes, request, heartbeat, proof } = exchange
  const primary = { primaryUid: token.primaryUid, primaryKey: token.primaryKey }
  const result: Omit<Verifier, 'own'> = {
    typ: 'mcj-result+jwt',
    key: issuer.key,
    verify: async (message) => openResult(message, { ...primary, echoes, request, exchangeKey }),
  }
  return {
    challenge: {
      typ: 'mcj-challenge+jwt',
      key: issuer.key,
      own: exchange.challenge,
      verify: async (message) => openChallenge(message, { ...primary, request: ask }),
    },
    request: {
      typ: 'mcj-auth+jws',
      key: token.key,
      own: request,
      verify: async (message) => verifyRequest(exchange, message),
    },
    'inner request': {
      typ: 'mcj-join+jwt',
      key: joiner.key,
      own: exchange.decoded.inner.compact,
      verify: async (message) =>
        verifyJoinRequest({ ...exchange.decoded, inner: decodeJws(message, 'mcj-join+jwt') }, issuer.uid),
    },
    'request of a return': {
      typ: 'mcj-join+jwt',
      key: joiner.key,
      own: exchange.returning,
      verify: async (message) =>
        verifyReturnRequest(decodeReturnRequest(message, exchange.membership.token.reveal()), issuer.uid),
    },
    'sealed result': { ...result, own: exchange.accepted },
    'refused result': { ...result, own: exchange.refused },
    reply: {
      typ: 'mcj-reply+jwt',
      key: issuer.key,
      own: exchange.reply,
      verify: async (message) => openReply(message, { ...primary, proof, thumbprint: joiner.key.thumbprint }),
    },
    'next key': {
      typ: 'mcj-key+jwt',
      key: exchange.nextKey,
      own: exchange.announcement,
      verify: async (message) => openNextKey(message, issuer.uid),
    },
    'possession proof': {
      typ: 'dpop+jwt',
      key: joiner.key,
      own: proof,
      verify: async (message) =>
        verifyPossession(keyringOf(issuer), message, heartbeat, { now, lifetime: memberNonceLifetime }),
    },
    'request for another key': {
      typ: 'mcj-rekey+jwt',
      key: exchange.nextMemberKey,
      own: exchange.rekey,
      verify: async (message) => verifyRekeyRequest(message, exchange.rekeySubject),
    },
    'membership token': {
      typ: 'at+jwt',
      key: issuer.key,
      own: exchange.membership.token.reveal(),
      verify: async (message) => readMembershipToken(message),
    },
  }
}

/** All that a primary checks of a request before it looks at its objects. */
export async function verifyRequest(exchange: Exchange, message: string): Promise<unknown> {
  const decoded = decodeJoinRequest(message)
  await verifyTokenProof(decoded, exchange.issued.publicKey)
  return verifyJoinRequest(decoded, exchange.issuer.uid)
}
