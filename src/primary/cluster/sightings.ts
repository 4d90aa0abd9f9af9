/** When this process last heard each member, in memory. A heartbeat costs no write; what is news is the caller's to say. */
import type { Sighting } from '../../api/sightings.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Heartbeat } from '../../protocol/reply.ts'
import type { Contact } from './status.decide.ts'

export interface Sightings {
  record(clusterName: string, uid: string, heartbeat: Heartbeat): void
  /** The last contact with the cluster of this name and uid. */
  contact(clusterName: string, uid: string | undefined): Contact | undefined
  forget(clusterName: string): void
  /** Every member that this process has heard. */
  heard(): readonly Sighting[]
  /** How many heartbeats this process has heard since it started. */
  heartbeats(): number
  /** How long this process has been listening, milliseconds. */
  listening(): number
}

interface Heard {
  readonly uid: string
  readonly at: number
  readonly heardAt: number
  readonly heartbeat: Heartbeat
}

export function createSightings(clock: Clock): Sightings {
  const startedAt = clock.monotonic()
  const sightings = new Map<string, Heard>()
  let heartbeats = 0
  return {
    record(clusterName, uid, heartbeat) {
      heartbeats += 1
      sightings.set(clusterName, { uid, at: clock.now(), heardAt: clock.monotonic(), heartbeat })
    },
    contact(clusterName, uid) {
      const sighting = sightings.get(clusterName)
      // A name may have passed to another cluster since.
      if (sighting === undefined || sighting.uid !== uid) return undefined
      return { at: sighting.at, age: clock.monotonic() - sighting.heardAt, heartbeat: sighting.heartbeat }
    },
    forget(clusterName) {
      sightings.delete(clusterName)
    },
    heard: () =>
      [...sightings.values()].map(({ uid, heardAt, heartbeat }) => ({
        uid,
        age: clock.monotonic() - heardAt,
        heartbeat,
      })),
    heartbeats: () => heartbeats,
    listening: () => clock.monotonic() - startedAt,
  }
}
