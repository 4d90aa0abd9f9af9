/** What the layers below `observe` tell of their work: functions to call, never a library. No name of a user goes in. */

/** Called once when what has begun is over, with how it ended; the time between the two calls is measured. */
export type Ended<Outcome extends string | number = string> = (outcome: Outcome) => void

/** Requests to the Kubernetes API. */
export interface RequestMetrics {
  /** It ends with the HTTP status, or 0 where no answer came. */
  request(subject: { readonly verb: string; readonly resource: string }): Ended<number>
}

export interface ControllerMetrics {
  reconcile(controller: string): Ended
  /** `size` is asked at each scrape: the keys that wait. */
  queue(controller: string, size: () => number): void
}

/** Caches that follow the API server; `resource` is a plural. */
export interface InformerMetrics {
  listed(resource: string): void
  watched(resource: string): void
}

export interface LeaderMetrics {
  leads(isLeader: boolean): void
}

/** What both roles have. */
export interface RoleMetrics extends ControllerMetrics, InformerMetrics, LeaderMetrics {}

/** What a primary is asked. */
export type Ask = 'challenge' | 'join' | 'heartbeat' | 'rekey' | 'leave'

/** A limit that turns requests away. */
export type Limit = 'source' | 'lane' | 'join-key' | 'member-key' | 'gate'

/** What a primary knows when it is looked at. */
export interface PrimaryState {
  /** One for each Cluster: which kind it is, and the reason of its condition `Ready`. */
  readonly clusters: readonly { readonly type: 'primary' | 'secondary'; readonly reason: string }[]
  readonly tombstones: number
  readonly isIdentityLost: boolean
  /** Many members are silent at once, and are not called lost for that. */
  readonly isConnectivityDegraded: boolean
}

export interface PrimaryMetrics {
  /** It ends with `ok` or a code of the protocol. */
  asked(ask: Ask): Ended
  /** An answer of the join server, to whichever route, with its HTTP status. */
  answered(route: string, status: number): void
  limited(limit: Limit): void
  /** A cluster has been admitted anew. */
  tokenUsed(): void
  /** `state` is asked at each scrape. */
  observe(state: () => PrimaryState): void
}

/** What a secondary knows when it is looked at. */
export interface SecondaryState {
  /** It holds a membership. */
  readonly isMember: boolean
  /** When the last signed reply came, ms since the epoch. */
  readonly lastContact: number | undefined
}

export interface SecondaryMetrics {
  /** It ends with `ok` or a code of the protocol. */
  joining(): Ended
  /** `ok` or a code of the protocol. */
  beat(code: string): void
  /** `state` is asked at each scrape. */
  observe(state: () => SecondaryState): void
}
