/**
 * A secondary of a simulated week: the product's join, heartbeats and departure over objects in memory. It has no lease and
 * no watch, whose renewals alone would fill the week; everything else is what `agent.ts` composes.
 */
import { mcJoinName } from '../../../src/api/mc-join.ts'
import { createController } from '../../../src/kube/controller.ts'
import { secureRandom, toBase64url } from '../../../src/protocol/encoding.ts'
import { createIdentityKeeper } from '../../../src/secondary/identity/identity-keeper.ts'
import { readContent } from '../../../src/secondary/join/content.ts'
import { createDeparture } from '../../../src/secondary/join/departure.ts'
import { exchange } from '../../../src/secondary/join/exchange.ts'
import { createJoinReconcile } from '../../../src/secondary/join/join.reconcile.ts'
import { createJoiner } from '../../../src/secondary/join/joiner.ts'
import { createObstacles } from '../../../src/secondary/join/obstacles.ts'
import { createFarewell } from '../../../src/secondary/membership/farewell.ts'
import { createHeartbeatKeeper } from '../../../src/secondary/membership/heartbeat.ts'
import { createRekeyKeeper } from '../../../src/secondary/membership/rekey.ts'
import type { GivenObjects } from '../../../src/secondary/objects.ts'
import type { LineOptions } from '../../../src/secondary/primary-client/line.ts'
import { createNetwork } from '../../../src/secondary/primary-client/network.ts'
import type { Front } from './front.ts'
import { createHeldObjects, type HeldObjects, keyIdOf, type MemberObjects, statusOf } from './objects.ts'
import type { WallClock } from './time.ts'
import type { Witness } from './witness.ts'

export interface MemberDeps {
  readonly name: string
  /** UID of its `kube-system` namespace. */
  readonly uid: string
  readonly front: Front
  readonly clock: WallClock
  readonly witness: Witness
  readonly random: () => number
}

export interface Member {
  readonly name: string
  readonly uid: string
  readonly objects: MemberObjects
  readonly clock: WallClock
  /** Whether it runs the whole agent. */
  readonly isWhole: boolean
  /** When its last heartbeat was answered with `ok`, by the monotonic clock; undefined before the first. */
  heardAt(): number | undefined
  /** Thumbprint of the key that it uses. */
  keyId(): string | undefined
  /** `Joined` or another word of mc-join-status, and its message. */
  status(): { readonly status: string; readonly msg: string } | undefined
  /** Its process ends and begins anew; what it has stored stays. */
  restart(): void
  /** Resolves when its process has ended. */
  stop(): Promise<void>
}

/** Its process runs when this returns. */
export function startMember(deps: MemberDeps): Member {
  const objects = createHeldObjects()
  let heardAt: number | undefined
  let process = run(deps, objects, () => {
    heardAt = deps.clock.monotonic()
  })
  let ended = Promise.resolve()

  function end(): void {
    process.abort.abort(new Error('stopped'))
    ended = Promise.all([ended, process.ended]).then(() => undefined)
  }

  return {
    name: deps.name,
    uid: deps.uid,
    objects,
    clock: deps.clock,
    isWhole: false,
    heardAt: () => heardAt,
    keyId: () => keyIdOf(objects),
    status: () => statusOf(objects),
    restart() {
      end()
      process = run(deps, objects, () => {
        heardAt = deps.clock.monotonic()
      })
    },
    async stop() {
      end()
      await ended
    },
  }
}

const unrecorded = { record: () => undefined, flush: async () => undefined }

/** One process, composed as `secondary/agent.ts` does it. */
function run(deps: MemberDeps, objects: HeldObjects, onOk: () => void) {
  const { clock, random, uid: ownUid } = deps
  const log = deps.witness.logger('secondary', deps.name)
  const key = { name: mcJoinName }
  const content = (given: GivenObjects) => readContent(given, { allowHttp: true })
  const network = createNetwork({ proxies: {}, clock, log })
  const toPrimary = {
    openLine: (options: LineOptions) => deps.front.through(network.openLine(options), deps.name, 'plain'),
    versions: () => ({ operator: '0.1.0', kubernetes: 'v1.36.3' }),
    ownUid,
    boot: toBase64url(secureRandom(12)),
    clock,
  }
  const identity = createIdentityKeeper({ objects, ownUid })
  const asMember = { ...toPrimary, report: () => ({ versions: toPrimary.versions(), health: 'ok' }) }
  const heartbeats = createHeartbeatKeeper({
    ...asMember,
    onNews: () => controller.enqueue(key),
    onBeat: (beat) => {
      if (beat.kind === 'answered' && beat.reply.status === 'ok') onOk()
    },
    random,
    log,
  })
  const joiner = createJoiner({
    objects,
    identity,
    heartbeats,
    exchange: async (asked, context) => exchange(toPrimary, asked, context),
    isPrimary: async () => false,
    readContent: content,
    clock,
    random,
  })
  const controller = createController({
    name: 'join',
    workers: 1,
    reconcile: async (_key, context) => reconcile(context),
    clock,
    log,
  })
  const reconcile = createJoinReconcile({
    objects,
    identity,
    heartbeats,
    rekey: createRekeyKeeper({ ...asMember, identity, heartbeats, random }),
    joiner,
    departure: createDeparture({ objects, identity, heartbeats, farewell: createFarewell(toPrimary) }),
    obstacles: createObstacles({ events: unrecorded, log }),
    events: unrecorded,
    readContent: content,
    ownUid,
    installation: { namespace: 'kasten-io', releaseName: 'k10' },
    clock,
    log,
  })
  objects.onChange = () => {
    joiner.contentChanged(content(objects.given()).hash)
    controller.enqueue(key)
  }
  const abort = new AbortController()
  const work = async (): Promise<void> => {
    const end = new AbortController()
    const beating = heartbeats.run(end.signal)
    controller.enqueue(key)
    await controller.run(abort.signal)
    end.abort()
    await beating
  }
  return { abort, ended: work() }
}
