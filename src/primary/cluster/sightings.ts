/** When this process last heard each member, in memory. A heartbeat costs no write; what is news is the caller's to say. */
import type { Clock } from '../../lib/clock.ts'
import type { Heartbeat } from '../../protocol/reply.ts'
import type { Contact } from './status.decide.ts'

export interface Sightings {
  record(clusterName: string, uid: string, heartbeat: Heartbeat): void
  /** The last contact with the cluster of this name and uid. */
  contact(clusterName: string, uid: string | undefined): Contact | undefined
  forget(clusterName: string): void
  /** How long this process has been listening, milliseconds. */
  listening(): number
}

interface Sighting {
  readonly uid: string
  readonly at: number
  readonly heardAt: number
  readonly heartbeat: Heartbeat
}

export function createSightings(clock: Clock): Sightings {
  const startedAt = clock.monotonic()
  const sightings = new Map<string, Sighting>()
  return {
    record(clusterName, uid, heartbeat) {
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
    listening: () => clock.monotonic() - startedAt,
  }
}
