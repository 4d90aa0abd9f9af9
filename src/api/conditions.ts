/**
 * Which conditions a Cluster and a Bootstrap have, and which reasons each may carry with which status. Owns the
 * tables, the types made of them and the schema of a stored condition; deciding is the controllers' part.
 */
import { z } from 'zod'
import type { Reason } from './reasons.ts'

export type ConditionStatus = 'True' | 'False' | 'Unknown'

type ConditionTable = Readonly<Record<string, Readonly<Record<ConditionStatus, readonly Reason[]>>>>

const joined = {
  True: ['Joined', 'Primary'],
  False: ['AwaitingJoin', 'PendingApproval', 'Unconfirmed', 'Denied', 'Disconnecting'],
  Unknown: [],
} as const

const healthy = {
  True: ['Heartbeat', 'Primary'],
  False: ['ReportedUnhealthy'],
  Unknown: ['NoHeartbeat', 'NeverSeen'],
} as const

export const clusterConditions = {
  /** The cluster is a member. */
  Joined: joined,
  /** The cluster is heard and reports no fault. */
  Healthy: healthy,
  /** Joined and Healthy in one: the reason of Joined, or that of the first of the two that is not True. */
  Ready: {
    True: joined.True,
    False: [...joined.False, ...healthy.False],
    Unknown: [...joined.Unknown, ...healthy.Unknown],
  },
  /** Present only while it is suspected. */
  CloneSuspected: { True: ['SameKeyOtherUid', 'BootIdsAlternate', 'PreviousKeyUsed'], False: [], Unknown: [] },
  /** On the primary's own Cluster, present only while it holds. */
  ConnectivityDegraded: { True: ['ManyHeartbeatsLost'], False: [], Unknown: [] },
} as const satisfies ConditionTable

export const bootstrapConditions = {
  /** Every entry has been registered. */
  Ready: {
    True: ['Registered'],
    False: ['PrimaryConflict', 'NameConflict', 'EndpointMissing', 'IdentityLost'],
    Unknown: [],
  },
} as const satisfies ConditionTable

/** What a controller decides of one condition; only the pairs of status and reason that the table has. */
type Verdict<Table extends ConditionTable> = {
  [Type in keyof Table & string]: {
    [Status in ConditionStatus]: {
      readonly type: Type
      readonly status: Status
      readonly reason: Table[Type][Status][number]
      readonly message: string
    }
  }[ConditionStatus]
}[keyof Table & string]

export type ClusterVerdict = Verdict<typeof clusterConditions>
export type BootstrapVerdict = Verdict<typeof bootstrapConditions>
export type ClusterConditionType = keyof typeof clusterConditions

/**
 * A condition as stored. Type and reason are open here, although the tables above are closed: a newer writer may
 * know more of them.
 */
export const conditionSchema = z.object({
  type: z.string().min(1).max(316).meta({ description: 'What is judged; one condition of each type.' }),
  status: z.enum(['True', 'False', 'Unknown']).meta({ description: 'The judgement.' }),
  reason: z.string().min(1).max(1024).meta({ description: 'Why, in one word for programs.' }),
  message: z.string().max(32768).meta({ description: 'Why, in a sentence for people.' }),
  lastTransitionTime: z.iso
    .datetime({ offset: true })
    .meta({ description: 'When the status last changed (RFC 3339).' }),
  observedGeneration: z
    .int()
    .nonnegative()
    .exactOptional()
    .meta({ description: 'The metadata.generation that was judged.', format: 'int64' }),
})

export const conditionsSchema = z
  .array(conditionSchema)
  .max(20)
  .meta({
    description: 'What is known of the object, one condition of each type.',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
  })
