/**
 * A world of its own for one run: a primary with its replicas, secondaries, their API servers, the network between them,
 * and one chance that decides everything. It holds what the world is made of; what happens in it is in `actions`.
 */
import { bootstrapKind } from '../../../src/api/bootstrap.ts'
import { apiVersion, group, managedBy, managedByLabel } from '../../../src/api/group.ts'
import { customResourceDefinitionKind } from '../../../src/kube/objects.ts'
import type { KubeRequest } from '../../../src/kube/transport.ts'
import { rememberCurve } from '../../support/curve.ts'
import {
  type ApiAnswer,
  type Backup,
  createMemoryApiServer,
  type MemoryApiServer,
} from '../../support/memory-api/server.ts'
import { type ApiFault, createApiWay, type Occasion } from './api-way.ts'
import { primaryKinds, secondaryKinds } from './kinds.ts'
import { createLogBook, type LogBook } from './log-book.ts'
import { type Answered, createNetwork, type Network, type NetworkFault } from './network.ts'
import { endpoint, namespace } from './places.ts'
import { type Program, startProgram } from './program.ts'
import { type Chance, createChance, uuidOf } from './random.ts'
import { runReplica } from './replica.ts'
import { rest } from './rest.ts'
import { createScheduler, type Process, type Scheduler } from './scheduler.ts'
import { runSecondary } from './secondary.ts'

export interface Secondary {
  readonly name: string
  readonly uid: string
  readonly server: MemoryApiServer
  readonly program: Program
}

export interface World {
  readonly scheduler: Scheduler
  readonly chance: () => Chance
  readonly primary: MemoryApiServer
  readonly primaryUid: string
  readonly replicas: readonly Program[]
  /** More of them where one was copied. */
  readonly secondaries: readonly Secondary[]
  /** Calls with each secondary that there is, and with each that comes. */
  eachSecondary(listener: (secondary: Secondary) => void): void
  /** Sets a secondary up a second time, from a backup of its API server; once in a world. */
  copy(secondary: number): void
  readonly network: Network
  readonly log: LogBook
  readonly faults: Faults
  /** What the primary was working on when it made the change that is told of right now. */
  readonly during: () => Occasion | undefined
  /** Runs the world on until this holds. Throws where it has nothing more to do, or goes on for ever. */
  until(what: string, holds: () => boolean): Promise<void>
  backUp(): void
  /** The primary's API server is put back to its last backup; all replicas start anew. Nothing where there is none. */
  restore(): void
  restoration(): 'never' | 'now' | 'past'
  /** From here on the chances are those of this seed. */
  reseed(seed: number): void
  end(): void
}

/** What is to go wrong: each counts down over the requests of its process, or over all messages. */
export interface Faults {
  api: { program: string; skip: number; fault: ApiFault }[]
  network: { skip: number; fault: NetworkFault }[]
  /** Caches that hear nothing: `<program> <plural>`. */
  held: Set<string>
}

/** `during`: the request of the protocol that the process is working on, where there is one. */
export type Sabotage = (request: KubeRequest, during: Occasion | undefined) => KubeRequest

export interface WorldOptions {
  readonly seed: number
  readonly replicas: number
  readonly secondaries: number
  readonly onAnswer: (answered: Answered) => void
  /** Changes a request of the primary on its way, to see that the model notices. */
  readonly sabotage?: Sabotage
}

/** Milliseconds. */
const downForRestore = 2_000
/** A run that has not come so far after so many steps never will. */
const mostSteps = 20_000

export function createWorld(options: WorldOptions): World {
  let chance = createChance(options.seed)
  let during: Occasion | undefined
  let backup: Backup | undefined
  let restoration: ReturnType<World['restoration']> = 'never'
  const forgetCurve = rememberCurve()
  const scheduler = createScheduler({ chance: () => chance, rest })
  const log = createLogBook(() => scheduler.elapsed())
  const faults: Faults = { api: [], network: [], held: new Set() }
  const uidsFrom = createChance(options.seed + 1)
  const newServer = (kinds: typeof primaryKinds, like?: MemoryApiServer) =>
    createMemoryApiServer({
      kinds,
      now: () => scheduler.now(),
      newUid: () => uuidOf(uidsFrom),
      ...(like === undefined ? {} : { like }),
    })
  const primary = newServer(primaryKinds)
  const primaryUid = prepareServer(primary)
  preparePrimary(primary)

  const network = createNetwork({
    scheduler,
    chance: () => chance,
    faultFor: () => next(faults.network, () => true),
    version: () => primary.changes.length,
    onAnswer: options.onAnswer,
  })

  function openWay(server: MemoryApiServer, owner: Process, sabotage: Sabotage = (request) => request) {
    return createApiWay({
      server,
      owner,
      scheduler,
      chance: () => chance,
      faultFor: ({ name }) => next(faults.api, ({ program }) => program === name),
      isHeld: (plural) => faults.held.has(`${owner.name} ${plural}`),
      handle(request, working): ApiAnswer {
        during = working
        try {
          return server.handle(sabotage(request, working))
        } finally {
          during = undefined
        }
      },
    })
  }

  const failed = (name: string) => (err: unknown) => log.loggerFor(name).info({ err }, 'the program has ended')
  const replicas = Array.from({ length: options.replicas }, (_, index) => {
    const name = `replica-${index}`
    return startProgram({
      name,
      scheduler,
      openWay: (owner) => openWay(primary, owner, options.sabotage),
      run: async (owner, way, stop) =>
        runReplica(
          { owner, way, network, scheduler, version: () => primary.changes.length, log: log.loggerFor(name) },
          stop,
        ),
      onFailure: failed(name),
    })
  })
  const startSecondary = (name: string, server: MemoryApiServer): Program =>
    startProgram({
      name,
      scheduler,
      openWay: (owner) => openWay(server, owner),
      run: async (owner, way, stop) =>
        runSecondary({ owner, way, network, scheduler, chance: () => chance, log: log.loggerFor(name) }, stop),
      onFailure: failed(name),
    })
  const secondaries = Array.from({ length: options.secondaries }, (_, index): Secondary => {
    const name = `secondary-${index}`
    const server = newServer(secondaryKinds)
    return { name, uid: prepareServer(server), server, program: startSecondary(name, server) }
  })
  const secondaryListeners: ((secondary: Secondary) => void)[] = []

  return {
    scheduler,
    chance: () => chance,
    primary,
    primaryUid,
    replicas,
    secondaries,
    eachSecondary(listener) {
      secondaryListeners.push(listener)
      for (const secondary of secondaries) listener(secondary)
    },
    copy(number) {
      const original = secondaryOf({ secondaries }, number)
      if (original === undefined || secondaries.length > options.secondaries) return
      const name = `copy-of-${original.name}`
      const server = newServer(secondaryKinds, original.server)
      const copy = { name, uid: original.uid, server, program: startSecondary(name, server) }
      secondaries.push(copy)
      for (const listener of secondaryListeners) listener(copy)
    },
    network,
    log,
    faults,
    during: () => during,
    async until(what, holds) {
      for (let count = 0; !holds(); count += 1) {
        if (count > mostSteps) throw new Error(`the world never came so far: ${what}`)
        await scheduler.step()
      }
    },
    backUp() {
      backup = primary.backup()
    },
    restore() {
      if (backup === undefined) return
      for (const replica of replicas) replica.crash(downForRestore)
      restoration = 'now'
      primary.restore(backup)
      restoration = 'past'
    },
    restoration: () => restoration,
    reseed(seed) {
      chance = createChance(seed)
    },
    end() {
      for (const program of [...replicas, ...secondaries.map((secondary) => secondary.program)]) program.end()
      forgetCurve()
    },
  }
}

/** The first fault that is meant for this request, once the requests before it have been let through. */
function next<F extends { skip: number; fault: unknown }>(
  armed: F[],
  isMeant: (fault: F) => boolean,
): F['fault'] | undefined {
  const mine = armed.filter(isMeant)
  const due = mine.find(({ skip }) => skip === 0)
  for (const fault of mine) fault.skip -= 1
  if (due === undefined) return undefined
  armed.splice(armed.indexOf(due), 1)
  return due.fault
}

/** Gives the uid of the cluster. */
function prepareServer(server: MemoryApiServer): string {
  for (const name of ['kube-system', namespace])
    server.handle({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name } } })
  return server.get('namespaces', 'kube-system')?.metadata.uid ?? ''
}

function preparePrimary(server: MemoryApiServer): void {
  const { apiVersion: version, plural } = customResourceDefinitionKind
  for (const kind of ['bootstraps', 'clusters']) {
    const metadata = { name: `${kind}.${group}`, labels: { [managedByLabel]: managedBy } }
    server.handle({ method: 'POST', path: `/apis/${version}/${plural}`, body: { metadata } })
  }
  const k10 = { namespace: 'kasten-io', releaseName: 'k10', ingress: { url: endpoint } }
  server.handle({
    method: 'POST',
    path: `/apis/${apiVersion}/namespaces/${namespace}/${bootstrapKind.plural}`,
    body: { metadata: { name: 'hub' }, spec: { clusters: { hub: { name: 'hub', primary: true, k10 } } } },
  })
}

export function secondaryOf({ secondaries }: Pick<World, 'secondaries'>, number: number): Secondary | undefined {
  return secondaries[number % secondaries.length]
}

/** Of this uid; several where it was copied. */
export function secondariesOf({ secondaries }: Pick<World, 'secondaries'>, uid: string): readonly Secondary[] {
  return secondaries.filter((secondary) => secondary.uid === uid)
}
