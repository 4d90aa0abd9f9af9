/**
 * That no two members have one uid or key, at every moment: but for a while after a replica's cache of Clusters has lagged.
 * One that has not heard of the older of two Clusters confirms the younger, and that one goes when it has.
 */
import { isConfirmed } from '../../../src/primary/cluster/standing.ts'
import type { World } from '../world/world.ts'
import { clustersOf, isLeaving } from './stored.ts'

export interface Uniqueness {
  /** To be called with every change of a Cluster. What is broken, in words. */
  look(): readonly string[]
  /** The primary is put back: perhaps to a moment at which a cache lagged. */
  putBack(): void
}

/** By then all that a cache was kept from has arrived, milliseconds. */
const catchUpTime = 10_000

export function keepUnique(world: World): Uniqueness {
  /** Since when every cache hears again, by the first look that has seen it; `Infinity` while one does not. */
  let heardSince: number | undefined
  let hasLagged = false

  function followCaches(): void {
    const isHeld = world.replicas.some(({ name }) => world.faults.held.has(`${name} clusters`))
    hasLagged ||= isHeld
    if (isHeld) heardSince = Infinity
    else if (heardSince === Infinity) heardSince = world.scheduler.elapsed()
  }

  return {
    look() {
      followCaches()
      const twins = twinsOf(world)
      if (heardSince === undefined) return twins
      // From here on it holds again: of two that were confirmed meanwhile, one is gone.
      if (twins.length === 0 && world.scheduler.elapsed() - heardSince > catchUpTime) heardSince = undefined
      return []
    },
    putBack() {
      if (hasLagged) heardSince = world.scheduler.elapsed()
    },
  }
}

function twinsOf({ primary }: World): readonly string[] {
  const members = clustersOf(primary).flatMap((cluster) => {
    const { member } = cluster.spec
    return member !== undefined && isConfirmed(cluster) && !isLeaving(cluster) ? [member] : []
  })
  return [
    ...(new Set(members.map(({ uid }) => uid)).size < members.length ? ['two members have one uid'] : []),
    ...(new Set(members.map(({ keyId }) => keyId)).size < members.length ? ['two members have one key'] : []),
  ]
}
