/**
 * Carries out a change of this cluster's key, one step at a time: each is stored before the next, so that a process that
 * ends in between goes on from there, and a lost answer is asked for again with the same key.
 */
import type { Secret } from '../../kube/objects.ts'
import { decorrelatedJitter } from '../../lib/backoff.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import type { Redacted } from '../../lib/redacted.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { generateSigningKey, type SigningKey } from '../../protocol/keys.ts'
import type { IdentityKeeper } from '../identity/identity-keeper.ts'
import { type OwnIdentity, withKey, withNextKey, withoutNextKey } from '../identity/own-identity.ts'
import { type BeatDeps, openHeartbeats } from './beat.ts'
import type { HeartbeatKeeper } from './heartbeat.ts'
import { type Member, memberOf } from './member.ts'
import { decideRekey, otherKeysOf } from './rekey.decide.ts'
import { type RekeyRequestDeps, requestRekey } from './rekey-request.ts'

export interface RekeyDeps extends BeatDeps, RekeyRequestDeps {
  readonly identity: Pick<IdentityKeeper, 'store'>
  readonly heartbeats: Pick<HeartbeatKeeper, 'follow' | 'contact' | 'beat'>
  readonly clock: Clock
  readonly random: () => number
}

/** What one pass over the objects has read. */
export interface RekeyPass {
  readonly identity: OwnIdentity | undefined
  /** `mc-identity`. */
  readonly secret: Secret | undefined
  /** The value of the annotation `rotate`; empty where there is none. */
  readonly asked: string
  readonly access: Pick<Member, 'allowHttp' | 'allowUntrustedTls'>
  readonly log: Logger
  readonly signal: AbortSignal
}

export interface RekeyStep {
  /** As it is now. */
  readonly identity: OwnIdentity | undefined
  /** When there is something to be tried again, milliseconds. */
  readonly againMs?: number
}

export interface RekeyKeeper {
  /** Does what is due. Throws `KubeApiError`; rejects with the signal's reason when that is aborted. */
  advance(pass: RekeyPass): Promise<RekeyStep>
  /** Why the primary has not taken the new key, for people; undefined where there is nothing to say. */
  failure(): string | undefined
}

/** Of the waits between two tries, milliseconds. */
const limits = { base: 1_000, cap: 60_000 }

export function createRekeyKeeper(deps: RekeyDeps): RekeyKeeper {
  const { clock, heartbeats, identity: keeper } = deps
  let failure: ProtocolError | undefined
  let wait = 0
  /** Monotonic: no try before. */
  let nextAt = 0

  function pause(identity: OwnIdentity, error?: ProtocolError): RekeyStep {
    wait = decorrelatedJitter(wait, limits, deps.random)
    const againMs = Math.max(wait, error?.retryAfterMs ?? 0)
    nextAt = clock.monotonic() + againMs
    return { identity, againMs }
  }

  function failed(pass: RekeyPass, identity: OwnIdentity, error: ProtocolError): RekeyStep {
    if (failure?.code !== error.code)
      pass.log.warn({ code: error.code, reason: error.message }, 'the key of this cluster is not replaced')
    failure = error
    return pause(identity, error)
  }

  async function make(pass: RekeyPass, identity: OwnIdentity, value: string): Promise<RekeyStep> {
    const next = generateSigningKey()
    const made = withNextKey(identity, next, value)
    await keeper.store(pass.secret, made)
    pass.log.info({ keyId: identity.key.thumbprint, nextKeyId: next.thumbprint }, 'replacing the key of this cluster')
    return ask(pass, made, next)
  }

  async function ask(pass: RekeyPass, identity: OwnIdentity, next: SigningKey): Promise<RekeyStep> {
    const member = memberOf(identity, pass.access)
    if (member === undefined) return { identity }
    try {
      const answer = await requestRekey(deps, member, { next, signal: pass.signal })
      if (answer.kind === 'taken') return await adopt(pass, identity, { key: next, token: answer.token })
      if (answer.status === 'KeyMismatch') return await tryOthers(pass, identity, otherKeysOf(identity))
      // The heartbeats have to hear it themselves: what follows from it is not about keys.
      await heartbeats.beat(pass.signal)
      return failed(pass, identity, new ProtocolError(answer.status))
    } catch (error) {
      if (error instanceof ProtocolError) return failed(pass, identity, error)
      throw error
    }
  }

  /** The primary knows this cluster by another key: by one of ours, or by one that is not. */
  async function tryOthers(pass: RekeyPass, identity: OwnIdentity, keys: readonly SigningKey[]): Promise<RekeyStep> {
    const refused = new Set<SigningKey>()
    let silence: ProtocolError | undefined
    for (const key of keys) {
      const beat = await beatWith(pass, { ...identity, key })
      if (beat?.kind === 'silent') silence = beat.error
      else if (beat?.reply.status === 'KeyMismatch') refused.add(key)
      // One that was disconnected is known too: what follows is for the heartbeats to hear.
      else if (beat?.reply.status === 'ok' || beat?.reply.status === 'Disconnected')
        return adopt(pass, identity, { key, token: undefined })
    }
    const { next } = identity
    if (next === undefined) return pause(identity)
    if (!refused.has(next)) return failed(pass, identity, silence ?? new ProtocolError('UnknownCluster'))
    const left = withoutNextKey(identity)
    await keeper.store(pass.secret, left)
    // Where the heartbeats have not heard it, the next pass would make another key.
    await heartbeats.beat(pass.signal)
    return failed(
      pass,
      left,
      new ProtocolError('KeyMismatch', 'the primary takes neither the present key nor the new one'),
    )
  }

  async function beatWith(pass: RekeyPass, identity: OwnIdentity) {
    const member = memberOf(identity, pass.access)
    if (member === undefined) return undefined
    const once = openHeartbeats(deps, member, undefined)
    try {
      return await once.beat(member.info.membership.endpoint, pass.signal)
    } finally {
      once.close()
    }
  }

  async function adopt(
    pass: RekeyPass,
    identity: OwnIdentity,
    { key, token }: { readonly key: SigningKey; readonly token: Redacted<string> | undefined },
  ): Promise<RekeyStep> {
    const changed = withKey(identity, key, token)
    await keeper.store(pass.secret, changed)
    heartbeats.follow(memberOf(changed, pass.access))
    failure = undefined
    wait = 0
    pass.log.info(
      { keyId: key.thumbprint, previousKeyId: identity.key.thumbprint },
      'the key of this cluster is replaced',
    )
    return { identity: changed }
  }

  return {
    failure: () => failure?.explained(),
    async advance(pass) {
      const { identity, asked } = pass
      const { word } = heartbeats.contact()
      const decision = decideRekey({ identity, asked, word })
      // The primary takes the present key, and no other is asked for any more: there is nothing left to mend.
      const isSettled = decision.kind === 'rest' && word.kind === 'ok'
      if (isSettled || identity?.joined === undefined) failure = undefined
      if (decision.kind === 'rest') return { identity }
      const left = nextAt - clock.monotonic()
      if (left > 0) return { identity, againMs: left }
      switch (decision.kind) {
        case 'make':
          return make(pass, decision.identity, decision.value)
        case 'ask':
          return ask(pass, decision.identity, decision.next)
        case 'try':
          return tryOthers(pass, decision.identity, decision.keys)
      }
    },
  }
}
