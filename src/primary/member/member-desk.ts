/**
 * What every request of a member passes, whatever it asks for: the form of its body, the proof of its key, its nonce, how
 * often it may ask; and the signature under its reply. Who the member is, and what it is told, is for the services to say.
 */
import type { z } from 'zod'
import type { Clock } from '../../lib/clock.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { Issuer } from '../../protocol/issuer.ts'
import type { Keyring } from '../../protocol/keyring.ts'
import { createNonce, memberContext } from '../../protocol/nonce.ts'
import { claimedThumbprint, verifyPossession } from '../../protocol/possession-proof.ts'
import { type Reply, replyStatus, signReply } from '../../protocol/reply.ts'
import { type Answer, problemOf } from '../answer.ts'
import { readBody } from '../body.ts'
import type { Buckets } from '../load/buckets.ts'
import { type Claim, readClaim } from './claim.ts'
import { createUsedNonces } from './used-nonces.ts'

export interface MemberDeskDeps {
  /** Throws `ProtocolError` `Busy` before the keys are loaded, and where they are lost. */
  readonly keyring: () => Keyring
  /** The key of this name. Throws `ProtocolError`, `PrimaryKeyMismatch` where the primary holds none. */
  readonly issuerNamed: (kid: string | undefined) => Promise<Issuer>
  /** How often a key may ask; only proven requests count, so nobody can use up what is another's. */
  readonly pace: Buckets
  readonly clock: Clock
}

/** A request as it came. */
export interface MemberRequest {
  readonly clusterName: string
  readonly token: string
  readonly proof: string
  readonly body: Buffer
}

/** What a route expects of a request. */
export interface Expected<B> {
  readonly path: (clusterName: string) => string
  readonly schema: z.ZodType<B>
  /** The body, for people: `the heartbeat`. */
  readonly called: string
  /** Milliseconds. */
  readonly nonceLifetime: number
}

/** A request whose proof has been verified; nothing else of it has been. */
export interface ProvenRequest extends Pick<MemberRequest, 'clusterName' | 'token'> {
  readonly keyring: Keyring
  /** What the reply is signed with: the key that the member trusts. */
  readonly issuer: Issuer
  readonly claim: Claim
  /** Names the run of the process that has sent it. */
  readonly boot: string
  /** When its nonce was made, ms since the epoch. */
  readonly nonceMadeAt: number
}

export interface MemberDesk {
  /**
   * Verifies a request and signs what `reply` says to it, with the key that the member names. A `NonceInvalid`, also one of
   * `reply`, is answered with a fresh nonce. Throws `ProtocolError` for what else is answered without a signature.
   */
  answer<B extends { readonly kid?: string | undefined }>(
    request: MemberRequest,
    expected: Expected<B>,
    reply: (proven: ProvenRequest, said: B) => Promise<Reply>,
  ): Promise<Answer>
}

export function createMemberDesk({ keyring: loadKeyring, issuerNamed, pace, clock }: MemberDeskDeps): MemberDesk {
  const usedNonces = createUsedNonces()
  return {
    async answer(request, expected, reply) {
      const said = readSaid(request, expected)
      const keyring = loadKeyring()
      const { uid, current } = keyring
      const { clusterName, token, proof, body } = request
      const path = expected.path(clusterName)
      const nonceFor = (keyId: string) => createNonce(current.nonceKey, memberContext(uid, keyId), clock.now())
      try {
        const limits = { now: clock.now(), lifetime: expected.nonceLifetime }
        const { key, boot, nonceMadeAt } = await verifyPossession(keyring, proof, { path, token, body }, limits)
        const keyId = key.thumbprint
        if (!usedNonces.use(keyId, { madeAt: nonceMadeAt, now: clock.now() }))
          throw new ProtocolError('NonceInvalid', 'the nonce has been used')
        const wait = pace.take(keyId)
        if (wait > 0) throw new ProtocolError('Busy', 'this member asks too often', { retryAfterMs: wait })
        const issuer = await issuerNamed(said.kid)
        const claim = readClaim(request, keyId)
        const answer = await reply({ keyring, issuer, clusterName, token, claim, boot, nonceMadeAt }, said)
        const signed = await signReply(issuer, { proof, thumbprint: keyId }, answer)
        const { status } = answer
        return {
          status: replyStatus[status],
          body: { reply: signed },
          nonce: nonceFor(keyId),
          says: status,
          isProven: true,
        }
      } catch (error) {
        if (error instanceof ProtocolError && error.code === 'NonceInvalid')
          return { ...problemOf(error), nonce: nonceFor(claimedThumbprint(proof)) }
        throw error
      }
    },
  }
}

/** Before anything is verified: it costs nothing. */
function readSaid<B>({ body }: MemberRequest, { schema, called }: Expected<B>): B {
  const parsed = schema.safeParse(readBody(body))
  if (!parsed.success) throw new ProtocolError('Malformed', `${called} is not well-formed`)
  return parsed.data
}
