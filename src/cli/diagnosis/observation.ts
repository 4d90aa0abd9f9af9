/**
 * What `status` has seen of one cluster: the objects that it may read, as they were at one moment. Types only; who
 * gathers it is `gather/observe.ts`, and no value of a Secret but those that a diagnosis needs is in here.
 */
import type { Bootstrap } from '../../api/bootstrap.ts'
import type { Cluster } from '../../api/cluster.ts'
import type { JoinInput } from '../../api/mc-join.ts'
import type { JoinStatus } from '../../api/mc-join-status.ts'
import type { StoredMembership } from '../../api/membership.ts'
import type { KubeEvent, ObjectMeta } from '../../kube/objects.ts'
import type { RollView } from '../rolling.ts'
import type { MissingRight } from './rights.ts'

/** What a reading gave. What may not be read is not the same as what is not there. */
export type Reading<T> = { readonly kind: 'read'; readonly value: T } | { readonly kind: 'unread' }

export function valueOf<T>(reading: Reading<T>): T | undefined {
  return reading.kind === 'read' ? reading.value : undefined
}

/** Whether it is certain that the object does not exist. */
export function isAbsent(reading: Reading<unknown>): boolean {
  return reading.kind === 'read' && reading.value === undefined
}

export interface Observation {
  /** By the clock of the API server, where it tells; ms since the epoch. */
  readonly now: number
  /** By how much this machine's clock is ahead of that, milliseconds. */
  readonly skew: number
  /** UID of the `kube-system` namespace. */
  readonly uid: Reading<string | undefined>
  readonly primary: PrimaryView
  readonly secondary: SecondaryView
  /** What may not be read, in the words of the API server. */
  readonly unread: readonly string[]
}

export interface PrimaryView {
  /** Of Bootstraps, Clusters and join tokens. */
  readonly namespace: string
  readonly operator: OperatorView
  /** Our two definitions, by name. */
  readonly definitions: Reading<readonly DefinitionView[]>
  readonly bootstraps: Reading<readonly Bootstrap[]>
  readonly clusters: Reading<readonly Cluster[]>
  readonly tokens: Reading<readonly TokenView[]>
  /** The names of the signing keys; `damaged` where their Secret holds none. */
  readonly identity: Reading<RollView | 'damaged' | undefined>
  readonly warnings: Reading<readonly KubeEvent[]>
}

export interface DefinitionView {
  readonly name: string
  readonly state: 'ours' | 'foreign' | 'missing'
  /** How many objects a foreign definition holds; undefined where they cannot be counted. */
  readonly objects?: number
}

/** A join-token Secret without its data. */
export interface TokenView {
  readonly name: string
  readonly metadata: ObjectMeta
  readonly isFilled: boolean
}

export interface SecondaryView {
  readonly namespace: string
  readonly operator: OperatorView
  readonly join: Reading<JoinView | undefined>
  /** Whether there is a ConfigMap `mc-join-config`. */
  readonly hasConfig: Reading<boolean>
  readonly status: Reading<StatusView | undefined>
  /** Whether `mc-cluster-info` is there. */
  readonly hasClusterInfo: Reading<boolean>
  readonly identity: Reading<SecondaryIdentityView | undefined>
  /** Why a Secret under one of our names is somebody else's, or of no use. */
  readonly foreign: readonly { readonly name: string; readonly because: string }[]
  readonly warnings: Reading<readonly KubeEvent[]>
}

/** `mc-join`, read together with `mc-join-config`. */
export interface JoinView {
  readonly input: JoinInput
  /** Names this content. */
  readonly hash: string
  /** What the token names, where it can be read; it is no secret. */
  readonly tokenEndpoints: readonly string[]
  readonly createdAt: number
}

export interface StatusView extends JoinStatus {
  readonly annotations: Readonly<Record<string, string>>
}

/** `mc-identity` without its key. */
export interface SecondaryIdentityView {
  /** The key was made here, and the one of another cluster has been moved aside. */
  readonly hasKeyAside: boolean
  readonly membership: StoredMembership | undefined
}

export type Role = 'primary' | 'secondary'

/** The program itself, in one of its roles. */
export interface OperatorView {
  readonly role: Role
  readonly namespace: string
  readonly deployment: Reading<DeploymentView | undefined>
  /** The name of its service account, and whether it exists. */
  readonly account: { readonly name: string; readonly exists: Reading<boolean> }
  readonly lease: Reading<LeaseView | undefined>
  /** Rights that its service account lacks. */
  readonly missingRights: Reading<readonly MissingRight[]>
}

export interface DeploymentView {
  readonly name: string
  readonly replicas: number
  readonly ready: number
  readonly isDisabled: boolean
  /** Where `--multicluster` stands in the arguments of the container; undefined where it is not there. */
  readonly disabledArgument: { readonly container: number; readonly index: number } | undefined
  /** Undefined where it may come from a Secret that the container is given. */
  readonly noProxy: string | undefined
}

export interface LeaseView {
  /** Empty: it was given back. */
  readonly holder: string
  /** When it was renewed, by the clock of the holder; ms since the epoch. */
  readonly renewedAt: number
  /** Whether it is being renewed at this moment, which was seen and does not depend on any clock. */
  readonly isRenewed: boolean
}
