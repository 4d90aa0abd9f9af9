/** Short stories: what means something only one after the other, and would seldom come so by chance. Pure. */
import type { Deed } from './actions.ts'
import { index, name, replica, token } from './choices.ts'
import type { Chance } from './world/random.ts'

type Story = (chance: Chance) => readonly Deed[]

const pass = (ms: number): Deed => ({ kind: 'pass', ms })

/** It is disconnected, comes back, and hears what was once said to it. */
function hearsAnOldWord(chance: Chance): readonly Deed[] {
  const secondary = index(chance)
  return [
    { kind: 'expel', secondary },
    pass(40_000),
    { kind: 'forge', secondary, forgery: chance.pick(['old-ok', 'old-end']), count: 1 },
    { kind: 'retry', secondary },
  ]
}

/** Its request is sent again, by somebody else, once it has been disconnected. */
function isBroughtBack(chance: Chance): readonly Deed[] {
  const secondary = index(chance)
  return [
    { kind: 'lag', program: replica(chance), plural: chance.pick(['clusters', 'configmaps']) },
    { kind: 'retry', secondary },
    pass(chance.pick([200, 1_000])),
    { kind: 'expel', secondary },
    pass(chance.pick([200, 1_000, 5_000])),
    { kind: 'replay', message: chance.below(1_000), of: 'join' },
  ]
}

/** It asks for two names, and no replica knows of what another one does. */
function asksForTwoNames(chance: Chance): readonly Deed[] {
  const secondary = index(chance)
  return [
    { kind: 'expel', secondary },
    pass(40_000),
    ...[0, 1, 2].map((program): Deed => ({ kind: 'lag', program, plural: 'clusters' })),
    { kind: 'network-fault', skip: 1, fault: chance.pick(['delay', 'repeat', 'lose-answer']) },
    { kind: 'give', secondary, token: token(chance), name: name(chance) },
    { kind: 'give', secondary, token: token(chance), name: name(chance) },
  ]
}

/** One replica does not hear of the Cluster of a newcomer. */
function isUnknownToOne(chance: Chance): readonly Deed[] {
  const secondary = index(chance)
  return [
    { kind: 'expel', secondary },
    { kind: 'lag', program: replica(chance), plural: 'clusters' },
    pass(40_000),
    { kind: 'retry', secondary },
    pass(40_000),
  ]
}

/** The whole cluster is there twice, and its two users want different things. */
function isThereTwice(chance: Chance): readonly Deed[] {
  const secondary = index(chance)
  return [
    { kind: 'copy', secondary },
    pass(20_000),
    { kind: 'give', secondary, token: token(chance), name: name(chance) },
    // The copy is the last of them.
    { kind: 'give', secondary: chance.pick([2, 3]), token: token(chance), name: name(chance) },
  ]
}

/** The primary's key is given up, and its members come back one by one. */
function comesBackByAnotherKey(chance: Chance): readonly Deed[] {
  const which = chance.pick(['current', 'next', 'retired'] as const)
  return [
    { kind: 'roll-key' },
    pass(chance.pick([200, 30_000])),
    { kind: 'give-up-key', which },
    pass(chance.pick([200, 30_000])),
    { kind: 'token', token: 0, wish: {} },
    { kind: 'give', secondary: index(chance), token: 0, name: name(chance) },
  ]
}

const stories = [
  hearsAnOldWord,
  isBroughtBack,
  asksForTwoNames,
  isUnknownToOne,
  isThereTwice,
  comesBackByAnotherKey,
] as const satisfies readonly Story[]

export function makeStory(chance: Chance): readonly Deed[] {
  return chance.pick(stories)(chance)
}
