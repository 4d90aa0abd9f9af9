/**
 * The two steps of a join on the primary, from a body to a proven request. Cheap checks come first, and nothing is looked
 * up or stored before the proofs have been verified. What a proven request leads to is answered in `join-answer.ts`.
 */
import { z } from 'zod'
import { k10Schema } from '../../api/k10.ts'
import { challengeRequestSchema, protocolVersion, signChallenge } from '../../protocol/challenge.ts'
import { explain, ProtocolError } from '../../protocol/errors.ts'
import type { Issuer } from '../../protocol/issuer.ts'
import {
  decodeJoinRequest,
  joinBodySchema,
  type UnverifiedRequest,
  type VerifiedRequest,
  verifyJoinRequest,
} from '../../protocol/join-request.ts'
import { decodeReturnRequest, verifyReturnRequest } from '../../protocol/join-return.ts'
import { isGenuineToken } from '../../protocol/membership-token.ts'
import { joinContext, joinNonceLifetime, verifyNonce } from '../../protocol/nonce.ts'
import type { Answer } from '../answer.ts'
import type { ServingPrimary } from '../state.ts'
import { answerProven, type Exchange, type JoinAnswerDeps, refuse } from './join-answer.ts'
import { proveToken } from './token-proof.ts'

export interface JoinServiceDeps extends JoinAnswerDeps {
  /** Throws `ProtocolError` `Busy` while nothing can be served. */
  readonly serving: () => ServingPrimary
  /** The key of this name. Throws `ProtocolError`, `PrimaryKeyMismatch` where the primary holds none. */
  readonly issuerNamed: (kid: string | undefined) => Promise<Issuer>
  /** SHA-256 of the TLS leaf keys that a challenge vouches for. */
  readonly spki: () => readonly string[]
}

export interface JoinService {
  /** Throws `ProtocolError` for what is answered without a signature. */
  challenge(body: unknown): Promise<Answer>
  /** Throws `ProtocolError` for what is answered without a signature, `KubeApiError` where the API server fails. */
  join(body: unknown): Promise<Answer>
}

const versionSchema = z.object({ v: z.number() })

export function createJoinService(deps: JoinServiceDeps): JoinService {
  return {
    async challenge(body) {
      deps.serving()
      assertVersion(body)
      const request = parse(challengeRequestSchema, body)
      const issuer = await deps.issuerNamed(request.kid)
      const challenge = await signChallenge(issuer, request, { spki: deps.spki(), now: deps.clock.now() })
      return { status: 200, body: { challenge } }
    },

    async join(body) {
      const primary = deps.serving()
      const { token, ...asked } = parse(joinBodySchema, body)
      return token === undefined ? join(deps, primary, asked) : comeBack(deps, primary, { ...asked, token })
    },
  }
}

/** What a body of either kind has. */
type Body = Omit<z.infer<typeof joinBodySchema>, 'token'>

async function join(deps: JoinServiceDeps, primary: ServingPrimary, { request, kid }: Body): Promise<Answer> {
  const unverified = decodeJoinRequest(request)
  const askedAt = assertNonce(deps, primary, unverified)
  // After the nonce: a key that is not known is looked for on the API server.
  const issuer = await deps.issuerNamed(kid)
  const exchange = exchangeOf(request, unverified)
  const token = await proveToken(deps.tokens, unverified)
  if (token === undefined) {
    // Not louder: such lines are anybody's to cause.
    deps.log.debug({ uid: unverified.sub }, 'join without a valid token refused')
    return refuse(issuer, exchange, { code: 'TokenInvalid', msg: explain('TokenInvalid') })
  }
  const verified = assertK10(await verifyJoinRequest(unverified, primary.keyring.uid))
  const warrant = { kind: 'token', token } as const
  return answerProven(deps, { primary, issuer }, { exchange, join: verified, warrant, askedAt })
}

/** Nobody but who once was a member gets past the signature of the communication token. */
async function comeBack(
  deps: JoinServiceDeps,
  primary: ServingPrimary,
  { request, token, kid }: Body & { readonly token: string },
): Promise<Answer> {
  const unverified = decodeReturnRequest(request, token)
  const askedAt = assertNonce(deps, primary, unverified)
  const issuer = await deps.issuerNamed(kid)
  if (!(await isGenuineToken(primary.keyring, unverified.token)))
    throw new ProtocolError('ProofInvalid', 'this primary has not signed the token')
  const verified = assertK10(await verifyReturnRequest(unverified, primary.keyring.uid))
  const exchange = exchangeOf(request, unverified)
  const warrant = { kind: 'membership' } as const
  return answerProven(deps, { primary, issuer }, { exchange, join: verified, warrant, askedAt })
}

/** When the challenge was made, ms since the epoch. */
function assertNonce({ clock }: JoinServiceDeps, { keyring }: ServingPrimary, unverified: UnverifiedRequest): number {
  const { uid, held } = keyring
  const limits = { now: clock.now(), lifetime: joinNonceLifetime }
  const nonceKeys = held.map(({ nonceKey }) => nonceKey)
  return verifyNonce(nonceKeys, joinContext(uid, unverified), unverified.sn, limits)
}

function exchangeOf(request: string, { jkt, sub, cn, sn }: UnverifiedRequest): Exchange {
  return { request, echoes: { jkt, sub, cn, sn } }
}

function assertK10(join: VerifiedRequest): VerifiedRequest {
  if (k10Schema.safeParse(join.claims.k10).success) return join
  throw new ProtocolError('Malformed', 'the request reports a k10 that is not well-formed')
}

/** A newer secondary learns what is wrong, where a schema would only call its request malformed. */
function assertVersion(body: unknown): void {
  const { success, data } = versionSchema.safeParse(body)
  if (success && data.v !== protocolVersion)
    throw new ProtocolError(
      'VersionTooOld',
      `the request speaks version ${data.v} of the protocol, and this primary version ${protocolVersion}`,
    )
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body)
  if (!parsed.success) throw new ProtocolError('Malformed')
  return parsed.data
}
