/** How long the bench takes its time: a quick run is there to show that everything works, and its figures mean little. */

export interface Pace {
  /** The least time between two heartbeats that the primary is told to ask for, seconds. */
  readonly heartbeatInterval: number
  /** Over how many of these intervals the first heartbeats of a fleet are spread. */
  readonly firstBeatsWithin: number
  /** How long a fleet is watched at least, milliseconds and intervals: what takes longer. */
  readonly watchedFor: number
  readonly watchedIntervals: number
  /** Whether a part of each fleet falls silent in the end: that takes some eight intervals. */
  readonly withSilence: boolean
  /** How long bare heartbeats are sent, milliseconds. */
  readonly bareFor: number
  /** How long a primary stands idle after its first writes, and how long it gets for these, milliseconds. */
  readonly idleFor: number
  readonly settlesWithin: number
  /** How often a primary is started with the same Clusters. */
  readonly starts: number
  /** How many clusters join before those that count. */
  readonly warmUp: number
  /** So long without a request, milliseconds, and a primary has nothing left to do for those who joined. */
  readonly quietAfter: number
  /** How often each step of the protocol is measured. */
  readonly rounds: number
}

export const usualPace: Pace = {
  // The primary's own default.
  heartbeatInterval: 20,
  firstBeatsWithin: 1,
  watchedFor: 60_000,
  watchedIntervals: 2,
  withSilence: true,
  bareFor: 10_000,
  idleFor: 120_000,
  settlesWithin: 5_000,
  starts: 5,
  // What is compiled, cached or opened once is no cost of a join.
  warmUp: 100,
  // Admissions are told in an Event so long after the first of them; nothing later comes of a join.
  quietAfter: 6_000,
  rounds: 25,
}

export const quickPace: Pace = {
  // The least that a primary allows.
  heartbeatInterval: 10,
  firstBeatsWithin: 0.1,
  watchedFor: 0,
  // Each member beats once more after the first time.
  watchedIntervals: 1.2,
  withSilence: false,
  bareFor: 1_000,
  idleFor: 2_000,
  settlesWithin: 1_000,
  starts: 1,
  warmUp: 5,
  quietAfter: 300,
  rounds: 3,
}
