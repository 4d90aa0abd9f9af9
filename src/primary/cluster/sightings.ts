/**
 * When each member was last heard, in memory: by this process, and by other replicas as they tell. A heartbeat costs no
 * write; what is news is the caller's to say.
 */
import type { Cluster } from '../../api/cluster.ts'
import type { Sighting } from '../../api/sightings.ts'
import type { InformerChange } from '../../kube/store.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Heartbeat } from '../../protocol/reply.ts'
import type { Contact } from './health.decide.ts'
import { isConfirmed } from './standing.ts'

export interface Sightings {
  /** `run` is `runId` of who sent it. */
  record(cluster: Cluster, heartbeat: Heartbeat, run: string): void
  /** The last contact with the member of this Cluster, whoever heard it. */
  contact(cluster: Cluster): Contact | undefined
  /** Takes in that a Cluster has come, has changed or has gone. */
  follow(change: InformerChange<Cluster>): void
  /** Every member that this process has heard. */
  heard(): readonly Sighting[]
  /** How many heartbeats this process has heard since it started. */
  heartbeats(): number
  /** This process becomes the one that judges: silence counts from now on. */
  beginJudging(): void
  /**
   * How long this process has judged the member of this Cluster, milliseconds: since it came to judge, or since that one
   * is a member. Dates are not believed: they are by clocks of other replicas. Before it judges, how long it has been running.
   */
  listening(cluster: Cluster): number
  /**
   * How long this process has known of the join that made or bound this Cluster, and of no heartbeat that confirms it,
   * milliseconds. Dates are not believed here either.
   */
  awaited(cluster: Cluster): number
}

/** A join, and when this process has learnt of it. */
interface Awaited {
  readonly join: string
  readonly at: number
}

interface Heard {
  readonly uid: string
  readonly at: number
  readonly heardAt: number
  readonly gap: number
  readonly heartbeat: Heartbeat
  readonly run: string
}

/** `told` gives what other replicas tell of the cluster of a uid. */
export function createSightings(clock: Clock, told: (uid: string) => Contact | undefined = () => undefined): Sightings {
  let judgingSince = clock.monotonic()
  let heartbeats = 0
  const members = new Map<string, Heard>()
  /** When it was seen that they are members, of those who have become it since this process judges. */
  const newcomers = new Map<string, number>()
  const unconfirmed = new Map<string, Awaited>()

  function ownContact({ metadata, spec }: Cluster): Contact | undefined {
    const heard = members.get(metadata.name)
    // A name may have passed to another cluster since.
    if (heard === undefined || heard.uid !== spec.member?.uid) return undefined
    return { at: heard.at, age: clock.monotonic() - heard.heardAt, gap: heard.gap, heartbeat: heard.heartbeat }
  }

  return {
    record(cluster, heartbeat, run) {
      const uid = cluster.spec.member?.uid
      if (uid === undefined) return
      heartbeats += 1
      const heardAt = clock.monotonic()
      const before = members.get(cluster.metadata.name)
      const gap = before?.uid === uid ? heardAt - before.heardAt : Infinity
      members.set(cluster.metadata.name, { uid, at: clock.now(), heardAt, gap, heartbeat, run })
    },
    contact(cluster) {
      // The replica that hears the first heartbeat stores it. What others tell of a Cluster before that is of an earlier
      // one of the same member, and must not confirm this one.
      const { member } = cluster.spec
      const theirs = member !== undefined && isConfirmed(cluster) ? told(member.uid) : undefined
      return both(ownContact(cluster), theirs)
    },
    follow(change) {
      const { name } = change.object.metadata
      if (change.type === 'deleted') {
        members.delete(name)
        newcomers.delete(name)
        unconfirmed.delete(name)
        return
      }
      if (isConfirmed(change.object)) unconfirmed.delete(name)
      else if (unconfirmed.get(name)?.join !== joinOf(change.object))
        unconfirmed.set(name, { join: joinOf(change.object), at: clock.monotonic() })
      const wasConfirmed = change.type === 'updated' && isConfirmed(change.previous)
      // Another replica may have heard it, which tells of that a little later.
      if (isConfirmed(change.object) && !wasConfirmed) newcomers.set(name, clock.monotonic())
    },
    heard: () =>
      [...members.values()].map(({ uid, heardAt, gap, heartbeat, run }) => ({
        uid,
        age: clock.monotonic() - heardAt,
        gap,
        heartbeat,
        run,
      })),
    heartbeats: () => heartbeats,
    beginJudging() {
      judgingSince = clock.monotonic()
      newcomers.clear()
    },
    listening: ({ metadata }) => clock.monotonic() - (newcomers.get(metadata.name) ?? judgingSince),
    awaited(cluster) {
      const known = unconfirmed.get(cluster.metadata.name)
      return known?.join === joinOf(cluster) ? clock.monotonic() - known.at : 0
    },
  }
}

/** A name may pass to another Cluster, and a Cluster that was registered ahead to its first member. */
function joinOf({ metadata, spec }: Cluster): string {
  return `${metadata.uid} ${spec.member?.uid} ${spec.member?.keyId}`
}

/** The last of what two replicas have heard. The heartbeat before it may be the one that the other has heard. */
function both(a: Contact | undefined, b: Contact | undefined): Contact | undefined {
  if (a === undefined || b === undefined) return a ?? b
  const [last, other] = b.age < a.age ? [b, a] : [a, b]
  return { ...last, gap: Math.min(last.gap, other.age - last.age) }
}
