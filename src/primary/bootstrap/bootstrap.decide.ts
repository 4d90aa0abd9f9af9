/**
 * What one Bootstrap leads to: Clusters to register, Clusters to bring in line, and its own status. A pure function of
 * everything observed; it deletes nothing.
 */
import type { Bootstrap, BootstrapEntry, BootstrapEntryStatus } from '../../api/bootstrap.ts'
import type { Cluster } from '../../api/cluster.ts'
import type { BootstrapVerdict } from '../../api/conditions.ts'
import { annotations, clusterInfoFinalizer, clusterTypeLabel } from '../../api/group.ts'
import { deepEqual } from '../../lib/deep-equal.ts'
import { nameConflict, primaryConflict } from './precedence.ts'

export interface BootstrapObservation {
  readonly bootstrap: Bootstrap
  /** Every Bootstrap that names one of its clusters, or a primary as it does; this one too. */
  readonly all: readonly Bootstrap[]
  readonly clusterNamed: (name: string) => Cluster | undefined
  /** The Cluster that is the primary, whoever registered it. */
  readonly primaryCluster: Cluster | undefined
  /** Whether the signing key of the primary is gone while members rely on it. */
  readonly identityLost: boolean
  /** Whether the flag `--endpoint` gives the primary an address. */
  readonly hasEndpointFlag: boolean
}

export interface BootstrapDecision {
  readonly create: readonly Cluster[]
  /** Clusters whose `spec` differs from the entry's, with the `spec` fields to write. */
  readonly update: readonly { readonly cluster: Cluster; readonly k10: BootstrapEntry['k10'] }[]
  readonly entries: readonly BootstrapEntryStatus[]
  readonly ready: BootstrapVerdict
}

/** Decides for a Bootstrap that a user wrote; see `joined-bootstrap.ts` for those that a join made. */
export function decideBootstrap(observed: BootstrapObservation): BootstrapDecision {
  const obstacle = findObstacle(observed)
  if (obstacle !== undefined) return nothing(observed, obstacle)
  const parts = Object.entries(observed.bootstrap.spec.clusters).map(([key, entry]) =>
    decideEntry(observed, key, entry),
  )
  return {
    create: parts.flatMap((part) => (part.create === undefined ? [] : [part.create])),
    update: parts.flatMap((part) => (part.update === undefined ? [] : [part.update])),
    entries: parts.map((part) => part.status),
    ready: judge(parts),
  }
}

/** Why the whole Bootstrap changes nothing at all. */
function findObstacle(observed: BootstrapObservation): BootstrapVerdict | undefined {
  const { bootstrap, all, clusterNamed } = observed
  const primary = primaryConflict(bootstrap, all, clusterNamed)
  if (primary !== undefined)
    return notReady('PrimaryConflict', `Bootstrap ${primary} names the primary already; remove one of the two`)
  const taken = nameConflict(bootstrap, all, clusterNamed)
  if (taken !== undefined)
    return notReady('NameConflict', `the name ${taken.name} belongs to Bootstrap ${taken.owner}; choose another name`)
  if (observed.identityLost)
    return notReady(
      'IdentityLost',
      'the Secret mc-primary-identity is gone while clusters or tokens rely on it; restore it from a backup, or delete all Clusters and join tokens to start anew',
    )
  const own = Object.values(bootstrap.spec.clusters).find((entry) => entry.primary)
  const present = observed.primaryCluster?.metadata.name
  if (own !== undefined && present !== undefined && present !== own.name)
    return notReady(
      'PrimaryConflict',
      `the Cluster ${present} is the primary already; a primary is renamed by deleting that Cluster first`,
    )
  if (own !== undefined && own.k10.ingress === undefined && !observed.hasEndpointFlag)
    return notReady('EndpointMissing', `set k10.ingress.url of ${own.name}, or give the operator the flag --endpoint`)
  return undefined
}

interface EntryDecision {
  readonly status: BootstrapEntryStatus
  /** A user has deleted the Cluster that it registered. */
  readonly isDisconnected?: true
  readonly create?: Cluster
  readonly update?: { readonly cluster: Cluster; readonly k10: BootstrapEntry['k10'] }
}

/** The status repeats it for each entry: an annotation may be so long that the whole could never be stored. */
const longestMarker = 253

function decideEntry(observed: BootstrapObservation, key: string, entry: BootstrapEntry): EntryDecision {
  const { bootstrap, clusterNamed } = observed
  const marker = (bootstrap.metadata.annotations?.[annotations.register] ?? '').slice(0, longestMarker)
  const previous = bootstrap.status?.clusters?.find((status) => status.key === key && status.name === entry.name)
  const cluster = clusterNamed(entry.name)
  if (cluster !== undefined) return decideExisting(key, entry, cluster, previous?.registered ?? marker)
  const base = { key, name: entry.name, ready: false }
  if (previous?.registered === marker)
    return {
      isDisconnected: true,
      status: {
        ...base,
        registered: marker,
        message:
          'Disconnected: its Cluster was deleted; set a new value in the annotation register to register it anew',
      },
    }
  return {
    status: { ...base, registered: marker, message: 'the Cluster has just been created' },
    create: newCluster(observed, entry),
  }
}

function decideExisting(key: string, entry: BootstrapEntry, cluster: Cluster, registered: string): EntryDecision {
  const ready = cluster.status?.conditions?.find((condition) => condition.type === 'Ready')
  const id = cluster.status?.id
  const base = { key, name: entry.name, ...(id === undefined ? {} : { id }), registered }
  if (cluster.spec.primary !== entry.primary)
    return { status: { ...base, ready: false, message: roleMessage(cluster) } }
  const status = {
    ...base,
    ready: ready?.status === 'True',
    message: ready?.status === 'True' ? '' : (ready?.message ?? ''),
  }
  return deepEqual(cluster.spec.k10, entry.k10) ? { status } : { status, update: { cluster, k10: entry.k10 } }
}

function roleMessage(cluster: Cluster): string {
  const is = cluster.spec.primary ? 'the primary' : 'a secondary'
  return `the Cluster ${cluster.metadata.name} is ${is} already, and its role cannot change; delete it or choose another name`
}

function newCluster({ bootstrap }: BootstrapObservation, entry: BootstrapEntry): Cluster {
  const { namespace } = bootstrap.metadata
  return {
    apiVersion: bootstrap.apiVersion,
    kind: 'Cluster',
    metadata: {
      name: entry.name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { [clusterTypeLabel]: entry.primary ? 'primary' : 'secondary' },
      ...(entry.primary ? {} : { finalizers: [clusterInfoFinalizer] }),
    },
    spec: { primary: entry.primary, k10: entry.k10 },
  }
}

function judge(parts: readonly EntryDecision[]): BootstrapVerdict {
  const gone = parts.filter((part) => part.isDisconnected).map((part) => part.status.name)
  const message =
    gone.length === 0
      ? 'every entry is registered'
      : `every entry has been registered; disconnected since: ${gone.join(', ')}`
  return { type: 'Ready', status: 'True', reason: 'Registered', message }
}

/** Entries keep what was known of them: a conflict that goes away must not register a deleted Cluster again. */
function nothing({ bootstrap }: BootstrapObservation, ready: BootstrapVerdict): BootstrapDecision {
  const known = bootstrap.status?.clusters ?? []
  const entries = Object.entries(bootstrap.spec.clusters).map(([key, entry]) => {
    const previous = known.find((status) => status.key === key && status.name === entry.name)
    return previous ?? { key, name: entry.name, ready: false, message: ready.message }
  })
  return { create: [], update: [], entries, ready }
}

type NotReadyReason = Extract<BootstrapVerdict, { status: 'False' }>['reason']

function notReady(reason: NotReadyReason, message: string): BootstrapVerdict {
  return { type: 'Ready', status: 'False', reason, message }
}
