/** Whom or what an action is about, by number; whoever performs it takes the rest of the division. Pure. */
import { clusterNames } from './world/places.ts'
import type { Chance } from './world/random.ts'

/** Of a secondary: there are two or three, and perhaps a copy of one. */
export const index = (chance: Chance) => chance.below(4)
export const name = (chance: Chance) => chance.below(clusterNames.length)
/** Most of what happens is about one token, so that several things happen to it. */
export const token = (chance: Chance) => chance.pick([0, 0, 0, 1, 2])
/** One of few replicas more often than a secondary. */
export const replica = (chance: Chance) => chance.below(3)
