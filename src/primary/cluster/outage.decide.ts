/**
 * Whether so many members have fallen silent at once that the fault is likely on this side: then none of them is called
 * lost, for a while. Pure; who is silent is counted in `outage.ts`.
 */

/** Members that a heartbeat has once confirmed, and how they stand. */
export interface FleetObservation {
  readonly joined: number
  /** Not heard for three intervals, and not called lost yet. */
  readonly silent: number
  /** Not heard since this process judges, and not called lost either: too early to say. */
  readonly undecided: number
}

export type Outage =
  /** Who is silent for too long is called lost. */
  | { readonly kind: 'none' }
  /** Nobody is called lost. Times are by the monotonic clock, milliseconds. */
  | {
      readonly kind: 'withheld'
      /** Of its beginning. */
      readonly message: string
      readonly since: number
      /** Enough of them are heard again since then. */
      readonly backSince?: number
    }
  /** It has lasted too long to be hidden: who is silent is called lost, and as long as that takes no other outage begins. */
  | { readonly kind: 'told' }

export interface OutageObservation {
  readonly fleet: FleetObservation
  /** The interval that members are told, milliseconds. */
  readonly interval: number
  /** The monotonic clock, milliseconds. */
  readonly now: number
}

/** Two clusters that are switched off together are no outage of the primary. */
const fewest = 3
const share = 0.3
/** A real loss is told after so many intervals. */
const longestIntervals = 30

/** So many intervals the others have to come back as well, and to be told of by the replicas that hear them. */
const returnIntervals = 5

/** How long a loss may be withheld, milliseconds. */
function outageLimit(interval: number): number {
  return longestIntervals * interval
}

/** Asked when somebody is about to be called lost, and while an outage lasts. */
export function nextOutage(before: Outage, { fleet, interval, now }: OutageObservation): Outage {
  const { joined, silent, undecided } = fleet
  const isMany = (count: number) => count >= fewest && count > share * joined
  switch (before.kind) {
    case 'none':
      return isMany(silent) ? { kind: 'withheld', message: messageOf(fleet, interval), since: now } : before
    case 'withheld': {
      if (now - before.since >= outageLimit(interval)) return { kind: 'told' }
      const { message, since, backSince = now } = before
      // After a change of leader nobody has been heard yet, which does not mean that they are back.
      if (isMany(silent + undecided)) return { kind: 'withheld', message, since }
      return now - backSince < returnIntervals * interval ? { ...before, backSince } : { kind: 'none' }
    }
    case 'told':
      return isMany(silent) ? before : { kind: 'none' }
  }
}

function messageOf({ silent, joined }: FleetObservation, interval: number): string {
  const minutes = Math.ceil(outageLimit(interval) / 60_000)
  return `${silent} of ${joined} clusters fell silent at once, so the fault is likely on this side: see the network in front of this primary; their Healthy stays as it was until they are heard, for ${minutes} minutes at most`
}
