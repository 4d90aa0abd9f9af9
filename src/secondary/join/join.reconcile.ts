/**
 * One pass over the objects of a secondary: gathers, lets `join.decide.ts` decide, carries it out. Every step may be
 * repeated, and after a crash between two of them the next pass goes on from what is stored.
 */
import { annotations } from '../../api/group.ts'
import { encodeClusterInfo, mcClusterInfoName } from '../../api/mc-cluster-info.ts'
import type { StoredMembership } from '../../api/membership.ts'
import type { Outcome, ReconcileContext } from '../../kube/controller.ts'
import type { Clock } from '../../lib/clock.ts'
import { explain } from '../../protocol/errors.ts'
import type { IdentityKeeper } from '../identity/identity-keeper.ts'
import type { HeartbeatKeeper } from '../membership/heartbeat.ts'
import { memberOf } from '../membership/member.ts'
import type { RekeyKeeper, RekeyStep } from '../membership/rekey.ts'
import { isRestoreDue, updatedMembership, updatedToken } from '../membership/upkeep.decide.ts'
import type { GivenObjects, ObjectStore, SecondaryObjects } from '../objects.ts'
import { createContactTeller } from './contact-teller.ts'
import type { Content } from './content.ts'
import type { Departure } from './departure.ts'
import { decideJoin, type JoinObservation } from './join.decide.ts'
import type { Joiner, JoinStep } from './joiner.ts'
import type { Obstacles } from './obstacles.ts'
import type { Pass } from './pass.ts'
import { judgeInput, type PlanContext } from './plan.ts'
import { rejected } from './refusal.ts'
import { planReturn } from './return-plan.ts'
import type { Statement } from './status.ts'
import { createStatusWriter, type StatusWriterDeps } from './status-writer.ts'

export interface JoinReconcileDeps extends StatusWriterDeps {
  readonly objects: ObjectStore
  readonly identity: IdentityKeeper
  readonly heartbeats: HeartbeatKeeper
  readonly rekey: RekeyKeeper
  readonly joiner: Joiner
  readonly departure: Departure
  readonly obstacles: Obstacles
  readonly readContent: (given: GivenObjects) => Content
  /** UID of this cluster's `kube-system` namespace. */
  readonly ownUid: string
  readonly installation: PlanContext['installation']
  readonly clock: Clock
}

const done: Outcome = { kind: 'done' }

export function createJoinReconcile(deps: JoinReconcileDeps) {
  const { objects: store, identity: keeper, heartbeats, rekey, joiner, departure } = deps
  const contactTeller = createContactTeller(deps.clock)

  return async (context: ReconcileContext): Promise<Outcome> => {
    const objects = await store.readAll()
    const content = deps.readContent(objects)
    const judged = keeper.judge(objects.identity)
    const identity = judged.kind === 'use' || judged.kind === 'write-back' ? judged.identity : undefined
    const isBlocked = deps.obstacles.stand(objects, judged.kind === 'damaged')
    const isLeaving = !isBlocked && isAskedToLeave(objects)
    // A member beats, whatever stands in the way of the rest; one that leaves has its last word elsewhere.
    heartbeats.follow(isLeaving ? undefined : memberOf(identity, content))
    if (isBlocked) return done
    if (judged.kind === 'write-back') await keeper.store(undefined, judged.identity)
    const dialect = content.input?.dialect ?? identity?.joined?.membership.dialect ?? 'first'
    const status = createStatusWriter(
      { ...deps, log: context.log },
      { status: objects.status, join: objects.join, dialect, member: identity?.joined?.membership },
    )
    const pass: Pass = { ...context, objects, content, identity, isLeaving, status }
    if (judged.kind === 'clone') return rejectClone(pass)
    const step = isLeaving ? { identity } : await changeKey(pass)
    return sooner(await act({ ...pass, identity: step.identity }), step.againMs)
  }

  async function changeKey({ objects, content, identity, log, signal }: Pass): Promise<RekeyStep> {
    const asked = objects.clusterInfo?.metadata.annotations?.[annotations.rotate] ?? ''
    return rekey.advance({ identity, secret: objects.identity, asked, access: content, log, signal })
  }

  async function act(pass: Pass): Promise<Outcome> {
    const decision = decideJoin(observe(pass))
    if (decision.kind === 'leave') return departure.leave(pass, decision)
    if (decision.kind === 'clean-up') return departure.cleanUp(pass, decision)
    if (decision.kind === 'part') return departure.part(pass)
    await upkeep(pass)
    switch (decision.kind) {
      case 'rest':
        return rest(pass)
      case 'forget':
        await store.remove(pass.objects.status)
        return done
      case 'say':
        return say(pass, decision.statement)
      case 'wait':
        return { kind: 'again', afterMs: decision.afterMs }
      case 'confirm':
        return goOn(await joiner.confirm(pass))
      case 'ask':
        return goOn(await joiner.ask(pass, decision))
    }
  }

  async function goOn(step: JoinStep): Promise<Outcome> {
    return step.kind === 'decide' ? act(step.pass) : step
  }

  function observe(pass: Pass): JoinObservation {
    const { content, status } = pass
    const member = pass.identity?.joined?.membership
    return {
      monotonic: deps.clock.monotonic(),
      namespace: deps.installation.namespace,
      hash: content.hash,
      asked: askedBy(content, member),
      status: status.stored(),
      member,
      hasFormer: pass.identity?.former !== undefined,
      back: pass.identity?.joined && planReturn(pass.identity.joined, content, deps.installation),
      isLeaving: pass.isLeaving,
      word: heartbeats.contact().word,
      attempts: joiner.attempts(pass),
    }
  }

  function askedBy({ input, allowHttp }: Content, member: StoredMembership | undefined): JoinObservation['asked'] {
    if (input === undefined) return undefined
    if (input.waitingForConfig) return 'waits-for-config'
    return judgeInput(input, { ownUid: deps.ownUid, installation: deps.installation, allowHttp, member })
  }

  /** Takes over what the primary names, addresses, keys and a token, and restores mc-cluster-info. */
  async function upkeep({ identity, objects }: Pass): Promise<void> {
    if (identity?.joined === undefined) return
    const { membership, token } = identity.joined
    const contact = heartbeats.contact()
    const joined = {
      membership: updatedMembership(membership, contact),
      token: updatedToken(identity.joined, identity.key, contact),
    }
    if (joined.membership !== membership || joined.token !== token)
      await keeper.store(objects.identity, { ...identity, joined })
    const failure = rekey.failure()
    const isSaid = objects.clusterInfo?.metadata.annotations?.[annotations.rotateError] === failure
    if (isSaid && !isRestoreDue(joined, objects.clusterInfo?.data)) return
    const said = failure === undefined ? {} : { [annotations.rotateError]: failure }
    await store.write(mcClusterInfoName, { data: encodeClusterInfo(joined), annotations: said })
  }

  async function rest(pass: Pass): Promise<Outcome> {
    const stored = pass.status.stored()
    if (stored === undefined || pass.identity?.joined === undefined) return done
    const { status, msg, hash } = stored
    return say(pass, { status, msg, hash })
  }

  /** A member says as well whether its primary answers. */
  async function say(pass: Pass, statement: Statement): Promise<Outcome> {
    const { identity, status } = pass
    if (identity?.joined === undefined) {
      await status.record(statement)
      return done
    }
    const { annotations, lookAgainMs } = contactTeller.tell(heartbeats.contact(), status.stored())
    await status.record(statement, annotations)
    return { kind: 'again', afterMs: lookAgainMs }
  }

  /** The key goes last: until then the Secret still names the other cluster, and all of this is repeated. */
  async function rejectClone({ objects, content, status }: Pass): Promise<Outcome> {
    const msg = explain('CloneSuspected', 'this identity belongs to another cluster', 'create a new mc-join')
    await status.record(rejected(content.hash, msg, undefined))
    await store.remove(objects.clusterInfo)
    await keeper.make(objects.identity)
    return done
  }
}

function sooner(outcome: Outcome, againMs: number | undefined): Outcome {
  if (againMs === undefined) return outcome
  return { kind: 'again', afterMs: outcome.kind === 'again' ? Math.min(outcome.afterMs, againMs) : againMs }
}

/** The annotation `leave` on mc-cluster-info, with any value. */
function isAskedToLeave({ clusterInfo }: SecondaryObjects): boolean {
  return (clusterInfo?.metadata.annotations?.[annotations.leave] ?? '') !== ''
}
