/**
 * What every request of a member passes, whatever it asks for: the proof of its key, its nonce, how often it may ask; and
 * the signature under its reply. Who the member is, and what it is told, is for the services to say.
 */
import type { Clock } from '../../lib/clock.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { Issuer } from '../../protocol/issuer.ts'
import type { Keyring } from '../../protocol/keyring.ts'
import { createNonce, memberContext } from '../../protocol/nonce.ts'
import { claimedThumbprint, verifyPossession } from '../../protocol/possession-proof.ts'
import { type Reply, replyStatus, signReply } from '../../protocol/reply.ts'
import { type Answer, problemOf } from '../answer.ts'
import type { Buckets } from '../load/buckets.ts'
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

/** A request whose proof has been verified; nothing else of it has been. */
export interface ProvenRequest extends Pick<MemberRequest, 'clusterName' | 'token'> {
  readonly keyring: Keyring
  /** What the reply is signed with: the key that the member trusts. */
  readonly issuer: Issuer
  /** Thumbprint of the key that has signed it. */
  readonly keyId: string
  /** Names the run of the process that has sent it. */
  readonly boot: string
  /** When its nonce was made, ms since the epoch. */
  readonly nonceMadeAt: number
}

export interface MemberDesk {
  /**
   * Verifies a request to `path` and signs what `reply` says to it with the key that the member names; `nonceLifetime` is
   * ms. A `NonceInvalid`, also one of `reply`, is answered with a fresh nonce. Throws `ProtocolError` for what else is
   * answered without a signature.
   */
  answer(
    request: MemberRequest,
    expected: { readonly path: string; readonly nonceLifetime: number; readonly kid: string | undefined },
    reply: (proven: ProvenRequest) => Promise<Reply>,
  ): Promise<Answer>
}

export function createMemberDesk({ keyring: loadKeyring, issuerNamed, pace, clock }: MemberDeskDeps): MemberDesk {
  const usedNonces = createUsedNonces()
  return {
    async answer(request, { path, nonceLifetime, kid }, reply) {
      const keyring = loadKeyring()
      const { uid, current } = keyring
      const { clusterName, token, proof, body } = request
      const nonceFor = (keyId: string) => createNonce(current.nonceKey, memberContext(uid, keyId), clock.now())
      try {
        const limits = { now: clock.now(), lifetime: nonceLifetime }
        const { key, boot, nonceMadeAt } = await verifyPossession(keyring, proof, { path, token, body }, limits)
        const keyId = key.thumbprint
        if (!usedNonces.use(keyId, { madeAt: nonceMadeAt, now: clock.now() }))
          throw new ProtocolError('NonceInvalid', 'the nonce has been used')
        const wait = pace.take(keyId)
        if (wait > 0) throw new ProtocolError('Busy', 'this member asks too often', { retryAfterMs: wait })
        const issuer = await issuerNamed(kid)
        const said = await reply({ keyring, issuer, clusterName, token, keyId, boot, nonceMadeAt })
        const signed = await signReply(issuer, { proof, thumbprint: keyId }, said)
        const nonce = nonceFor(keyId)
        return { status: replyStatus[said.status], body: { reply: signed }, nonce, says: said.status, isProven: true }
      } catch (error) {
        if (error instanceof ProtocolError && error.code === 'NonceInvalid')
          return { ...problemOf(error), nonce: nonceFor(claimedThumbprint(proof)) }
        throw error
      }
    },
  }
}
