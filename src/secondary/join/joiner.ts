/**
 * Carries a join from the question to the confirmed membership, and remembers how its tries went. The order of its
 * writes is the protocol's: the identity before the first byte, `mc-cluster-info` before the first heartbeat, `Joined`
 * after the primary has answered that one.
 */
import { encodeClusterInfo, mcClusterInfoName } from '../../api/mc-cluster-info.ts'
import type { Outcome } from '../../kube/controller.ts'
import type { Clock } from '../../lib/clock.ts'
import { explain, ProtocolError } from '../../protocol/errors.ts'
import type { Refusal } from '../../protocol/join-result.ts'
import { maskedToken } from '../../protocol/token.ts'
import type { IdentityKeeper } from '../identity/identity-keeper.ts'
import { type OwnIdentity, withMembership } from '../identity/own-identity.ts'
import type { HeartbeatKeeper } from '../membership/heartbeat.ts'
import type { GivenObjects, ObjectStore } from '../objects.ts'
import { admittedMembership } from './admission.ts'
import { type Attempts, afterTry, freshAttempts } from './attempts.ts'
import type { Content } from './content.ts'
import { type Asked, type ExchangeOutcome } from './exchange.ts'
import type { JoinDecision } from './join.decide.ts'
import type { Pass } from './pass.ts'
import { ongoingBeside, rejected } from './refusal.ts'
import { isTokenSpent, type ReturnPlan } from './return-plan.ts'
import { countedAttempts, progressAnnotations } from './status.ts'

export interface JoinerDeps {
  readonly objects: ObjectStore
  readonly identity: IdentityKeeper
  readonly heartbeats: HeartbeatKeeper
  readonly exchange: (asked: Asked, context: Pick<Pass, 'log' | 'signal'>) => Promise<ExchangeOutcome>
  /** Whether this cluster is a primary itself, read live. */
  readonly isPrimary: (signal: AbortSignal) => Promise<boolean>
  readonly readContent: (given: GivenObjects) => Content
  readonly clock: Clock
  readonly random: () => number
}

export interface Joiner {
  /** The tries of the content of this pass. */
  attempts(pass: Pass): Attempts
  /** `first` is said before the primary is asked. */
  ask(pass: Pass, asked: JoinDecision & { kind: 'ask' }): Promise<JoinStep>
  confirm(pass: Pass): Promise<JoinStep>
  /** Drops an exchange in flight that is not about this content. */
  contentChanged(hash: string): void
}

/** What a step leads to; `decide`: the pass knows already what another one would have to read first. */
export type JoinStep = Outcome | { readonly kind: 'decide'; readonly pass: Pass }

const done: Outcome = { kind: 'done' }
const now: Outcome = { kind: 'again', afterMs: 0 }

export function createJoiner(deps: JoinerDeps): Joiner {
  const { clock, heartbeats } = deps
  let attempts = freshAttempts('')
  let inFlight: { readonly hash: string; readonly dropped: AbortController } | undefined

  async function failed(pass: Pass, startedAt: number, error: ProtocolError): Promise<Outcome> {
    const at = { monotonic: clock.monotonic(), now: clock.now() }
    const options = { retryAfterMs: error.retryAfterMs, random: deps.random }
    attempts = afterTry(attempts, { ...at, startedAt }, options)
    pass.log.debug({ err: error, attempts: attempts.count }, 'the join did not succeed')
    const statement = { status: 'Joining', msg: error.explained(), hash: attempts.hash } as const
    await pass.status.record(statement, progressAnnotations(attempts, at))
    return { kind: 'again', afterMs: attempts.nextAt - at.monotonic }
  }

  /** Stored before it is used. A primary makes none. */
  async function ownKey({ identity, objects }: Pass, signal: AbortSignal): Promise<OwnIdentity['key']> {
    if (await deps.isPrimary(signal)) throw new ProtocolError('RoleConflict')
    return (identity ?? (await deps.identity.make(objects.identity))).key
  }

  /** Asks by the plan; where its token is good no longer, by the other one. */
  async function askFor(
    asked: Asked,
    otherwise: ReturnPlan | undefined,
    context: Pick<Pass, 'log' | 'signal'>,
  ): Promise<{ readonly plan: Asked['plan']; readonly outcome: ExchangeOutcome }> {
    const { plan } = asked
    const token = plan.kind === 'join' ? { token: maskedToken(plan.token.id) } : {}
    context.log.debug({ endpoints: plan.endpoints, kind: plan.kind, ...token }, 'asking the primary')
    const outcome = await deps.exchange(asked, context)
    const isSpent = outcome.kind === 'refused' && isTokenSpent(outcome.refusal.code)
    if (otherwise === undefined || !isSpent) return { plan, outcome }
    context.log.info({ code: outcome.refusal.code }, 'the join token is good no longer; showing the membership')
    return askFor({ ...asked, plan: otherwise }, undefined, context)
  }

  async function refused(pass: Pass, { code, msg }: Refusal, plan: Asked['plan']): Promise<Outcome> {
    attempts = { ...attempts, isRefused: true }
    // Shown on terminals: a primary that means harm could move the cursor with it, or have the text read backwards.
    const isPlain = msg.startsWith(`${code}: `) && !/[\p{C}\p{Zl}\p{Zp}]/u.test(msg)
    const sentence = isPlain ? msg : explain(code)
    const { primaryUid } = plan.kind === 'join' ? plan.token : plan.joined.membership
    const { word } = heartbeats.contact()
    const member = ongoingBeside(pass.identity?.joined?.membership, word, { code, primaryUid })
    await pass.status.record(rejected(attempts.hash, sentence, member))
    return done
  }

  async function admitted(
    pass: Pass,
    key: OwnIdentity['key'],
    { plan, outcome }: { plan: Asked['plan']; outcome: ExchangeOutcome & { kind: 'joined' } },
  ): Promise<JoinStep> {
    const joined = admittedMembership(plan, outcome)
    const identity = withMembership(pass.identity ?? { key }, joined)
    // First where it is repaired from: after a crash in between, mc-cluster-info is restored.
    await deps.identity.store(pass.objects.identity, identity)
    const clusterInfo = await deps.objects.write(mcClusterInfoName, { data: encodeClusterInfo(joined) })
    const { allowHttp, allowUntrustedTls } = pass.content
    heartbeats.follow({ key, info: joined, allowHttp, allowUntrustedTls }, outcome.membership)
    attempts = { ...attempts, isAdmitted: true }
    const status = pass.status.ofMember(joined.membership)
    return confirm({ ...pass, objects: { ...pass.objects, clusterInfo }, identity, status })
  }

  /** The first heartbeat: the primary has stored the membership when it answers. */
  async function confirm(pass: Pass): Promise<JoinStep> {
    const startedAt = clock.now()
    const contact = await heartbeats.beat(pass.signal)
    if (contact.failure !== undefined) return failed(pass, startedAt, contact.failure)
    if (contact.word.kind === 'ok') return { kind: 'decide', pass }
    attempts = { ...attempts, isAdmitted: false }
    // The next pass acts on what the primary has said.
    return contact.word.kind === 'unknown' ? failed(pass, startedAt, new ProtocolError('UnknownCluster')) : now
  }

  return {
    attempts({ content, status }) {
      const { hash } = content
      if (attempts.hash !== hash) attempts = freshAttempts(hash, countedAttempts(status.stored(), hash))
      return attempts
    },

    async ask(pass, { plan, name, otherwise, first }) {
      const { hash } = pass.content
      const dropped = new AbortController()
      const signal = AbortSignal.any([pass.signal, dropped.signal])
      const startedAt = clock.now()
      inFlight = { hash, dropped }
      try {
        const said = first === undefined ? undefined : pass.status.record(first)
        const key = await afterBoth(said, ownKey(pass, signal))
        const { plan: answered, outcome } = await askFor({ plan, key, name }, otherwise, { log: pass.log, signal })
        // The newest content wins, and the cache may not have heard of it yet.
        if (deps.readContent(await deps.objects.readGiven()).hash !== hash) return now
        if (outcome.kind === 'refused') return await refused(pass, outcome.refusal, answered)
        const step = await admitted(pass, key, { plan: answered, outcome })
        // Other content has come meanwhile: the next pass reads it, and says nothing of this one.
        return dropped.signal.aborted ? now : step
      } catch (error) {
        // The change that dropped it has queued the next pass.
        if (dropped.signal.aborted) return done
        if (error instanceof ProtocolError) return await failed(pass, startedAt, error)
        throw error
      } finally {
        inFlight = undefined
      }
    },

    confirm,

    contentChanged(hash) {
      if (inFlight !== undefined && inFlight.hash !== hash) inFlight.dropped.abort(new Error('mc-join has changed'))
    },
  }
}

/**
 * What `work` gives, when `beside` has ended too. Throws what either has failed with, and leaves neither running: a write
 * that is still on its way would undo what is written next.
 */
async function afterBoth<T>(beside: Promise<void> | undefined, work: Promise<T>): Promise<T> {
  const [first] = await Promise.allSettled([beside, work])
  if (first.status === 'rejected') throw first.reason
  return work
}
