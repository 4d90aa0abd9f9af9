/** What can happen in a world: one value for each action, made of chance, and told in words. Pure. */
import { index, name, replica, token } from './choices.ts'
import { makeStory } from './stories.ts'
import type { ApiFault } from './world/api-way.ts'
import type { NetworkFault } from './world/network.ts'
import { clusterNames, tokenNames } from './world/places.ts'
import type { Chance } from './world/random.ts'

/** What a user asks of a join token. */
export interface TokenWish {
  readonly maxUses?: 1 | 2
  /** Number of the only name that may join. */
  readonly name?: number
  /** Number of the only secondary that may join. */
  readonly secondary?: number
  readonly approval?: true
  readonly lifetime?: '30s' | '5m'
}

export type Forgery = (typeof forgeries)[number]
/** Which of the primary's signing keys somebody else may have. */
export type PrimaryKeyName = (typeof primaryKeyNames)[number]
export type Theft = 'other-key' | 'free-name' | 'wrong-secret'

export type Deed =
  | { readonly kind: 'token'; readonly token: number; readonly wish: TokenWish }
  | { readonly kind: 'edit-token'; readonly token: number; readonly edit: 'redact' | 'one-use' | 'approval' }
  | { readonly kind: 'revoke'; readonly token: number }
  | { readonly kind: 'give'; readonly secondary: number; readonly token: number; readonly name: number }
  | { readonly kind: 'retry'; readonly secondary: number }
  | { readonly kind: 'take'; readonly secondary: number }
  | { readonly kind: 'leave'; readonly secondary: number }
  | { readonly kind: 'lose'; readonly secondary: number; readonly what: (typeof ownObjects)[number] }
  /** The namespace of the secondary is deleted, and made again. */
  | { readonly kind: 'wipe'; readonly secondary: number }
  /** The whole cluster is set up a second time, from a backup. */
  | { readonly kind: 'copy'; readonly secondary: number }
  | { readonly kind: 'disconnect'; readonly name: number }
  /** Whatever this secondary is called. */
  | { readonly kind: 'expel'; readonly secondary: number }
  | { readonly kind: 'approve'; readonly name: number; readonly approved: boolean }
  | { readonly kind: 'rotate'; readonly secondary: number }
  | { readonly kind: 'steal-key'; readonly secondary: number }
  | { readonly kind: 'allow-rebind'; readonly name: number; readonly secondary: number }
  | { readonly kind: 'roll-key' }
  | { readonly kind: 'give-up-key'; readonly which: PrimaryKeyName }
  | { readonly kind: 'backup' }
  | { readonly kind: 'restore' }
  | { readonly kind: 'crash'; readonly program: number; readonly downFor: number }
  | { readonly kind: 'stop'; readonly program: number }
  | { readonly kind: 'lag'; readonly program: number; readonly plural: (typeof laggingKinds)[number] }
  | { readonly kind: 'catch-up' }
  | { readonly kind: 'cut-watches'; readonly program: number }
  | { readonly kind: 'jump'; readonly program: number; readonly ms: number }
  | { readonly kind: 'api-fault'; readonly program: number; readonly skip: number; readonly fault: ApiFault }
  | { readonly kind: 'network-fault'; readonly skip: number; readonly fault: NetworkFault }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'replay'; readonly message: number; readonly of: (typeof replayed)[number] }
  | { readonly kind: 'forge'; readonly secondary: number; readonly forgery: Forgery; readonly count: number }
  | { readonly kind: 'steal-token'; readonly token: number; readonly secondary: number; readonly theft: Theft }
  | { readonly kind: 'steal-membership'; readonly message: number; readonly to: 'heartbeat' | 'leave' }

/** It happens after so many steps of the world; `salt` sets the chance of what follows it. */
export type Action = Deed & { readonly after: number; readonly salt: number }

export const ownObjects = ['mc-identity', 'mc-cluster-info', 'mc-join-status'] as const
const laggingKinds = ['clusters', 'secrets', 'secrets', 'configmaps', 'bootstraps'] as const

type Maker = (chance: Chance) => Deed

/** Replicas and secondaries in one row; whoever performs it takes the rest of the division. */
const program = (chance: Chance) => chance.below(7)

/** What happens, and how often. */
const makers: readonly (readonly [weight: number, make: Maker])[] = [
  [5, (c) => ({ kind: 'token', token: token(c), wish: wishOf(c) })],
  [1, (c) => ({ kind: 'edit-token', token: token(c), edit: c.pick(['redact', 'one-use', 'approval']) })],
  [3, (c) => ({ kind: 'revoke', token: token(c) })],
  [12, (c) => ({ kind: 'give', secondary: index(c), token: token(c), name: c.below(clusterNames.length + 1) })],
  [3, (c) => ({ kind: 'retry', secondary: index(c) })],
  [1, (c) => ({ kind: 'take', secondary: index(c) })],
  [3, (c) => ({ kind: 'leave', secondary: index(c) })],
  [2, (c) => ({ kind: 'lose', secondary: index(c), what: c.pick(ownObjects) })],
  [1, (c) => ({ kind: 'wipe', secondary: index(c) })],
  [1, (c) => ({ kind: 'copy', secondary: index(c) })],
  [3, (c) => ({ kind: 'disconnect', name: name(c) })],
  [2, (c) => ({ kind: 'expel', secondary: index(c) })],
  [3, (c) => ({ kind: 'approve', name: name(c), approved: c.happens(0.7) })],
  [4, (c) => ({ kind: 'rotate', secondary: index(c) })],
  [1, (c) => ({ kind: 'steal-key', secondary: index(c) })],
  [2, (c) => ({ kind: 'allow-rebind', name: name(c), secondary: index(c) })],
  [1, () => ({ kind: 'roll-key' })],
  [1, (c) => ({ kind: 'give-up-key', which: c.pick(primaryKeyNames) })],
  [2, () => ({ kind: 'backup' })],
  [1, () => ({ kind: 'restore' })],
  [5, (c) => ({ kind: 'crash', program: program(c), downFor: c.pick([100, 3_000, 40_000]) })],
  [2, (c) => ({ kind: 'stop', program: program(c) })],
  [4, (c) => ({ kind: 'lag', program: replica(c), plural: c.pick(laggingKinds) })],
  [2, () => ({ kind: 'catch-up' })],
  [1, (c) => ({ kind: 'cut-watches', program: program(c) })],
  [1, (c) => ({ kind: 'jump', program: program(c), ms: c.pick([-3_600_000, -2_000, 2_000, 315_360_000_000]) })],
  [6, (c) => ({ kind: 'api-fault', program: program(c), skip: c.below(12), fault: c.pick(apiFaults) })],
  [6, (c) => ({ kind: 'network-fault', skip: c.below(4), fault: c.pick(networkFaults) })],
  [5, (c) => ({ kind: 'pass', ms: c.pick([200, 5_000, 30_000, 90_000]) })],
  [4, (c) => ({ kind: 'replay', message: c.below(1_000), of: c.pick(replayed) })],
  [3, (c) => ({ kind: 'forge', secondary: index(c), forgery: c.pick(forgeries), count: 1 + c.below(3) })],
  [3, (c) => ({ kind: 'steal-token', token: token(c), secondary: index(c), theft: c.pick(thefts) })],
  [2, (c) => ({ kind: 'steal-membership', message: c.below(1_000), to: c.pick(['heartbeat', 'leave']) })],
]

const apiFaults = ['unseen', 'unanswered', 'refused'] as const
const networkFaults = ['lose-request', 'lose-answer', 'repeat', 'delay'] as const
const forgeries = ['bare-ok', 'unsigned-refusal', 'recorded', 'old-ok', 'old-end', 'of-another', 'rogue'] as const
const replayed = ['anything', 'join'] as const
const primaryKeyNames = ['current', 'next', 'retired'] as const
const thefts = ['other-key', 'free-name', 'wrong-secret'] as const

function wishOf(chance: Chance): TokenWish {
  return {
    ...(chance.happens(0.4) ? { maxUses: chance.pick([1, 2] as const) } : {}),
    ...(chance.happens(0.15) ? { name: name(chance) } : {}),
    ...(chance.happens(0.15) ? { secondary: index(chance) } : {}),
    ...(chance.happens(0.2) ? { approval: true as const } : {}),
    ...(chance.happens(0.1) ? { lifetime: chance.pick(['30s', '5m'] as const) } : {}),
  }
}

/** Ten to forty actions; a token and joins at one time come first, because little can happen before them. */
export function makeActions(chance: Chance): readonly Action[] {
  const first: readonly Deed[] = [
    { kind: 'token', token: 0, wish: wishOf(chance) },
    { kind: 'give', secondary: 0, token: 0, name: chance.below(2) },
    { kind: 'give', secondary: 1, token: 0, name: chance.below(3) },
    { kind: 'give', secondary: 2, token: 0, name: chance.below(4) },
  ]
  const others = Array.from({ length: 6 + chance.below(28) }, () =>
    chance.happens(0.06) ? makeStory(chance) : [deed(chance)],
  )
  return [...first, ...others.flat()].map((what, number) => ({
    ...what,
    after: number < first.length || chance.happens(0.3) ? chance.below(3) : chance.below(40),
    salt: chance.below(2 ** 31),
  }))
}

function deed(chance: Chance): Deed {
  const total = makers.reduce((sum, [weight]) => sum + weight, 0)
  let left = chance.below(total)
  for (const [weight, make] of makers) {
    if (left < weight) return make(chance)
    left -= weight
  }
  return { kind: 'pass', ms: 200 }
}

/** One line of a trace. */
export function describe({ salt: _salt, after, kind, ...more }: Action): string {
  const details = Object.entries(more).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  return [`after ${after} steps: ${kind}`, ...details].join(' ')
}

export const tokenNamed = (number: number): string => tokenNames[number % tokenNames.length] ?? tokenNames[0]
/** Undefined where the user asks for no name. */
export const clusterNamed = (number: number): string | undefined => clusterNames[number]
