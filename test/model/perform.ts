/** Carries out one action in a world. */
import { annotations } from '../../src/api/group.ts'
import { mcJoinName } from '../../src/api/mc-join.ts'
import { type Action, clusterNamed } from './actions.ts'
import type { Attacker } from './attacker.ts'
import { leaveAnnotation, retryAnnotation, rotateAnnotation, type Users } from './users.ts'
import { clusterNames } from './world/places.ts'
import type { Program } from './world/program.ts'
import { secondaryOf, type World } from './world/world.ts'

export interface Actors {
  readonly world: World
  readonly users: Users
  readonly attacker: Attacker
}

export async function perform({ world, users, attacker }: Actors, action: Action): Promise<void> {
  const { faults } = world
  switch (action.kind) {
    case 'token':
      return users.createToken(action.token, action.wish)
    case 'edit-token':
      return users.annotateToken(action.token, edits[action.edit])
    case 'revoke':
      return users.revokeToken(action.token)
    case 'give':
      return users.give(action.secondary, action.token, action.name)
    case 'retry':
      return users.annotate(action.secondary, retryAnnotation.object, retryAnnotation.annotation)
    case 'take':
      return users.remove(action.secondary, mcJoinName)
    case 'leave':
      return users.annotate(action.secondary, leaveAnnotation.object, leaveAnnotation.annotation)
    case 'lose':
      return users.remove(action.secondary, action.what)
    case 'wipe':
      secondaryOf(world, action.secondary)?.program.crash(downForWipe)
      return users.wipe(action.secondary)
    case 'copy':
      return world.copy(action.secondary)
    case 'expel':
      return users.expel(action.secondary)
    case 'disconnect':
      return users.disconnect(clusterNamed(action.name) ?? clusterNames[0])
    case 'approve':
      return users.approve(clusterNamed(action.name) ?? clusterNames[0], action.approved)
    case 'rotate':
      return users.annotate(action.secondary, rotateAnnotation.object, rotateAnnotation.annotation)
    case 'steal-key':
      return attacker.stealKey(action.secondary)
    case 'allow-rebind':
      return users.allowRebind(clusterNamed(action.name) ?? clusterNames[0], action.secondary)
    case 'roll-key':
      return users.rollKey()
    case 'give-up-key':
      return users.giveUpKey(action.which)
    case 'backup':
      return world.backUp()
    case 'restore':
      return world.restore()
    case 'crash':
      return programOf(world, action.program).crash(action.downFor)
    case 'stop':
      return programOf(world, action.program).stop()
    case 'lag':
      faults.held.add(`${programOf(world, action.program).name} ${action.plural}`)
      return undefined
    case 'catch-up':
      return catchUp(world)
    case 'cut-watches':
      return programOf(world, action.program).way().cutWatches()
    case 'jump':
      return jump(world, action.program, action.ms)
    case 'api-fault': {
      const { skip, fault } = action
      faults.api.push({ program: programOf(world, action.program).name, skip, fault })
      return undefined
    }
    case 'network-fault':
      faults.network.push({ skip: action.skip, fault: action.fault })
      return undefined
    case 'pass':
      return world.scheduler.pass(action.ms)
    case 'replay':
      return attacker.replay(action.message, action.of)
    case 'forge':
      return attacker.forge(action.secondary, action.forgery, action.count)
    case 'steal-token': {
      const text = users.textOf(action.token)
      const victim = secondaryOf(world, action.secondary)
      if (text === undefined || victim === undefined) return undefined
      const name = clusterNamed(action.secondary) ?? clusterNames[0]
      return attacker.joinWith(text, { uid: victim.uid, name }, action.theft)
    }
    case 'steal-membership':
      return attacker.useMembership(action.message, action.to)
  }
}

/** Milliseconds. */
const downForWipe = 3_000

/** Every cache hears again. */
export function catchUp(world: World): void {
  world.faults.held.clear()
  for (const program of programsOf(world)) program.way().hear()
}

const edits = {
  redact: { [annotations.redact]: 'after-first-use' },
  'one-use': { [annotations.maxUses]: '1' },
  approval: { [annotations.approval]: 'manual' },
} as const

export function programsOf({ replicas, secondaries }: World): readonly Program[] {
  return [...replicas, ...secondaries.map(({ program }) => program)]
}

function programOf(world: World, number: number): Program {
  const programs = programsOf(world)
  const program = programs[number % programs.length]
  if (program === undefined) throw new Error('there is no program in this world')
  return program
}

/** The clocks of the primary's replicas are kept together by their nodes; that of a secondary may be anything. */
function jump(world: World, number: number, ms: number): void {
  const { name } = programOf(world, number)
  const process = programOf(world, number).process()
  const isSmall = Math.abs(ms) <= 2_000
  if (isSmall || world.secondaries.some((secondary) => secondary.name === name)) process.skew += ms
}
