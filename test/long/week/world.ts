/**
 * The world of a simulated week: a control plane, replicas of a primary on it, and secondaries. It lets time pass, restarts
 * what has ended as Kubernetes would, and makes happen what is planned. It judges nothing.
 */
import { type Bootstrap, bootstrapKind } from '../../../src/api/bootstrap.ts'
import { apiVersion } from '../../../src/api/group.ts'
import { decodeJoinTokenData, joinTokenType } from '../../../src/api/join-token-secret.ts'
import { createClient, type KubeClient } from '../../../src/kube/client.ts'
import { type Secret, secretKind } from '../../../src/kube/objects.ts'
import { connect } from '../../../src/kube/transport.ts'
import type { ControlPlane } from '../../../tools/controlplane/control-plane.ts'
import { freePort } from '../../../tools/controlplane/ports.ts'
import { installPrimary, usualPrimary } from '../../../tools/installation.ts'
import { createFront, type Front } from './front.ts'
import { createJournal, type Journal } from './journal.ts'
import { createLeases } from './leases.ts'
import { followClusters, type Ledger } from './ledger.ts'
import { type Member, startMember } from './member.ts'
import { type Replica, startReplica } from './replica.ts'
import { createRest } from './rest.ts'
import { createTimeline, type Timeline, type WallClock } from './time.ts'
import { createApiWay } from './way.ts'
import { startWholeMember } from './whole-member.ts'
import { createWitness, type Witness } from './witness.ts'

/** The place of a pod: whoever runs in it has this machine's clock and address. */
export interface Place {
  replica: Replica | undefined
  isHidden: boolean
  isCut: boolean
  readonly clock: WallClock
}

export interface World {
  readonly timeline: Timeline
  readonly witness: Witness
  readonly journal: Journal
  readonly front: Front
  readonly ledger: Ledger
  readonly places: readonly Place[]
  /** Of an administrator. */
  readonly admin: KubeClient
  readonly namespace: string
  /** Lets time pass, as far as everything has come to rest before each step. */
  pass(ms: number): Promise<void>
  /** Lets time pass until this holds, an hour at most. */
  until(what: string, holds: () => boolean): Promise<void>
  after(ms: number, act: () => void): void
  /** From now on the wall clock of this place is wrong by so much, milliseconds. */
  stepClock(place: Place, wrongBy: number): void
  /** A secondary that has no membership yet. */
  newcomer(name: string): Member
  /** Its process ends, and nothing is kept of it. */
  dismiss(member: Member): void
  issueToken(name: string): Promise<string>
  /** Who was called lost although it was heard not long before. */
  readonly falseAlarms: readonly string[]
  /** How often somebody began to lead whose clock was ahead. */
  ledAhead(): number
  /** How often the leader's clock was not the one that said so before: another's, or its own after a step. */
  clockChanges(): number
  end(): Promise<void>
}

export interface WorldDeps {
  readonly controlPlane: ControlPlane
  readonly replicas: number
  /** Milliseconds. */
  readonly interval: number
  readonly random: () => number
  /** Where the journal is written. */
  readonly journal: string
}

/** Who was heard within so many intervals is not lost, even where a replica died before it could tell of the last one. */
const surelyHeard = 6
/** Shorter than any patience in the product. Milliseconds. */
const step = 6_000
/** While something is under way, which only time may bring to its end. Milliseconds. */
const smallStep = 100
/** One of so many newcomers is a whole one. */
const wholeEvery = 80
/** What Kubernetes takes to start a process again, and one that could not even begin, milliseconds. */
const restartAfter = { serving: 5_000, failing: 60_000 }

export async function createWorld(deps: WorldDeps): Promise<World> {
  const { controlPlane, interval, random } = deps
  const { namespace } = usualPrimary
  const timeline = createTimeline(Date.now())
  const rest = createRest()
  const journal = createJournal(deps.journal, () => timeline.elapsed())
  const witness = createWitness(journal)
  const answerLease = createLeases()
  await controlPlane.kubectl(['create', 'namespace', namespace])
  const kubeconfig = await installPrimary(controlPlane)
  const transport = await connect({ kubeconfig: controlPlane.kubeconfig, userAgent: 'week' })
  const clock = timeline.clock()
  const admin = createClient(createApiWay({ transport, answerLease, rest, clock }))
  const ledger = followClusters({
    client: admin,
    namespace,
    clock,
    log: witness.logger('administrator', 'administrator'),
    journal,
  })
  const places: Place[] = Array.from({ length: deps.replicas }, () => ({
    replica: undefined,
    isHidden: false,
    isCut: false,
    clock: timeline.clock(),
  }))
  const reachable = () =>
    places.flatMap(({ replica, isHidden }) => (replica === undefined || isHidden ? [] : [replica]))
  const front = createFront({ replicas: reachable, elapsed: () => timeline.elapsed(), rest, random, journal })
  const members = new Set<Member>()
  let newcomers = 0
  const end = new AbortController()
  const processes = [ledger.run(end.signal)]
  const falseAlarms: string[] = []
  let ledAhead = 0
  let clockChanges = 0
  let leadersClock = 0

  ledger.onLost((name) => {
    const silence = timeline.elapsed() - ([...members].find((member) => member.name === name)?.heardAt() ?? -Infinity)
    if (silence < surelyHeard * interval) falseAlarms.push(`${name} after ${silence} ms`)
  })

  function noteLeader(wrongBy: number): void {
    if (wrongBy > 0) ledAhead += 1
    noteLeadersClock(wrongBy)
  }

  function noteLeadersClock(wrongBy: number): void {
    if (wrongBy !== leadersClock) clockChanges += 1
    leadersClock = wrongBy
  }

  /** Runs one pod after the other in this place: one that was killed or has failed comes back under its name. */
  async function inhabit(place: Place, index: number): Promise<void> {
    const ports = { plain: await freePort(), tls: await freePort() }
    for (let pod = 0; !end.signal.aborted; pod += 1) {
      const identity = `replica-${index}-${pod}`
      const where = { kubeconfig, place: usualPrimary, identity, ports, interval, clock: place.clock }
      const onLeading = () => noteLeader(place.clock.wrongBy())
      const replica = await startReplica({ ...where, witness, rest, answerLease, onLeading })
      replica.cut(place.isCut)
      place.replica = replica
      await replica.ended
      place.replica = undefined
      const wait = replica.hasServed() ? restartAfter.serving : restartAfter.failing
      await clock.sleep(wait, end.signal).catch(() => undefined)
    }
  }

  async function pass(ms: number): Promise<void> {
    for (const until = timeline.elapsed() + ms; timeline.elapsed() < until; ) {
      const isAtRest = await rest.reached()
      await timeline.advance(Math.min(isAtRest ? step : smallStep, until - timeline.elapsed()))
    }
  }

  async function until(what: string, holds: () => boolean): Promise<void> {
    for (const from = timeline.elapsed(); !holds(); await pass(1_000))
      if (timeline.elapsed() - from > 3_600_000) throw new Error(`an hour has passed, and this is not so: ${what}`)
  }

  processes.push(...places.map(inhabit))
  await until('a replica leads', () => places.some(({ replica }) => replica?.isLeading() === true))
  await admin.create<Bootstrap>(bootstrapKind, bootstrapOf(namespace, front.url))
  await until('the primary is registered', () => isReady(ledger, primaryName))

  return {
    timeline,
    witness,
    journal,
    front,
    ledger,
    falseAlarms,
    ledAhead: () => ledAhead,
    clockChanges: () => clockChanges,
    places,
    admin,
    namespace,
    pass,
    until,
    after: (ms, act) => void clock.after(ms, act),
    stepClock(place, wrongBy) {
      place.clock.mistake(wrongBy)
      if (place.replica?.isLeading() === true) noteLeadersClock(wrongBy)
    },
    newcomer(name) {
      const uid = crypto.randomUUID()
      const own = { name, uid, front, clock: timeline.clock(), witness, random }
      const isWhole = newcomers % wholeEvery === 0
      const member = isWhole ? startWholeMember({ ...own, transport, answerLease, rest }) : startMember(own)
      newcomers += 1
      members.add(member)
      return member
    },
    dismiss(member) {
      members.delete(member)
      front.cutOff(member.name, false)
      void member.stop()
    },
    async issueToken(name) {
      await admin.create<Secret>(secretKind, { metadata: { namespace, name }, type: joinTokenType })
      let token: string | undefined
      while (token === undefined) {
        await pass(500)
        const secret = await admin.get(secretKind, { namespace, name })
        token = decodeJoinTokenData(secret?.data).token?.reveal()
      }
      return token
    },
    async end() {
      end.abort(new Error('the week is over'))
      for (const { replica } of places) replica?.stop()
      const ended = Promise.all([...processes, ...[...members].map(async (member) => member.stop())])
      const over = ended.then(() => 'over' as const)
      while ((await Promise.race([over, pass(1_000)])) !== 'over');
      await transport.close()
      journal.end()
    },
  }
}

const primaryName = 'primary'

function bootstrapOf(namespace: string, url: string): Bootstrap {
  const k10 = { namespace: 'kasten-io', releaseName: 'k10', ingress: { url } }
  return {
    apiVersion,
    kind: 'Bootstrap',
    metadata: { namespace, name: 'primary' },
    spec: { clusters: { primary: { name: primaryName, primary: true, k10 } } },
  }
}

function isReady(ledger: Ledger, name: string): boolean {
  const conditions = ledger.cluster(name)?.status?.conditions ?? []
  return conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
}
