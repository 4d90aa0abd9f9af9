/** The rights that each role needs, as questions to the API server. The chart grants exactly these; a test compares them. */

import { group } from '../../api/group.ts'
import { mcClusterInfoName } from '../../api/mc-cluster-info.ts'
import { mcIdentityName } from '../../api/mc-identity.ts'
import { mcJoinConfigName, mcJoinName } from '../../api/mc-join.ts'
import { mcJoinStatusName } from '../../api/mc-join-status.ts'
import { primaryIdentityName } from '../../api/primary-identity.ts'
import { primaryTlsName } from '../../api/primary-tls.ts'
import { tombstonesName } from '../../primary/cluster/tombstones.ts'

/** One rule of a Role, or of a ClusterRole where there is no namespace. */
export interface Right {
  readonly namespace?: string
  readonly group: string
  readonly resource: string
  /** Absent: all objects. */
  readonly names?: readonly string[]
  readonly verbs: readonly string[]
}

/** What of a right the service account does not have. */
export interface MissingRight {
  readonly namespace?: string
  readonly group: string
  readonly resource: string
  readonly name?: string
  readonly verbs: readonly string[]
}

const follow = ['get', 'list', 'watch'] as const
const leaseVerbs = ['get', 'create', 'patch', 'update'] as const
const eventVerbs = ['create', 'patch'] as const

export function secondaryRights(namespace: string): readonly Right[] {
  return [
    { namespace, group: '', resource: 'secrets', names: [mcJoinName], verbs: follow },
    { namespace, group: '', resource: 'configmaps', names: [mcJoinConfigName], verbs: follow },
    {
      namespace,
      group: '',
      resource: 'secrets',
      names: [mcJoinStatusName, mcClusterInfoName],
      verbs: [...follow, 'create', 'patch', 'delete'],
    },
    { namespace, group: '', resource: 'secrets', names: [mcIdentityName], verbs: [...follow, 'create', 'patch'] },
    { namespace, group: 'coordination.k8s.io', resource: 'leases', names: ['conjoin-secondary'], verbs: leaseVerbs },
    { namespace, group: 'events.k8s.io', resource: 'events', verbs: eventVerbs },
    { group: '', resource: 'namespaces', names: ['kube-system'], verbs: ['get'] },
    { group, resource: 'clusters', verbs: ['list'] },
  ]
}

/** `home` is the namespace of the process, its key and its lease. */
export function primaryRights(namespace: string, home: string): readonly Right[] {
  return [
    {
      namespace,
      group,
      resource: 'bootstraps',
      verbs: [...follow, 'create', 'patch', 'delete'],
    },
    { namespace, group, resource: 'clusters', verbs: ['create', 'delete'] },
    { namespace, group, resource: 'bootstraps/status', verbs: ['patch'] },
    { namespace, group, resource: 'clusters/status', verbs: ['patch'] },
    { namespace, group: '', resource: 'secrets', verbs: [...follow, 'patch'] },
    { namespace, group: '', resource: 'configmaps', verbs: ['create'] },
    { namespace, group: '', resource: 'configmaps', names: [tombstonesName], verbs: [...follow, 'patch'] },
    { namespace, group: 'events.k8s.io', resource: 'events', verbs: eventVerbs },
    {
      namespace: home,
      group: '',
      resource: 'secrets',
      names: [primaryIdentityName],
      verbs: [...follow, 'create', 'patch'],
    },
    {
      namespace: home,
      group: '',
      resource: 'secrets',
      names: [primaryTlsName],
      verbs: ['get', 'list', 'watch', 'create', 'patch'],
    },
    {
      namespace: home,
      group: '',
      resource: 'configmaps',
      verbs: ['list', 'watch', 'create', 'patch', 'delete'],
    },
    {
      namespace: home,
      group: 'coordination.k8s.io',
      resource: 'leases',
      names: ['conjoin-primary'],
      verbs: leaseVerbs,
    },
    { group: '', resource: 'namespaces', names: ['kube-system', namespace], verbs: ['get'] },
    {
      group: 'apiextensions.k8s.io',
      resource: 'customresourcedefinitions',
      names: [`bootstraps.${group}`, `clusters.${group}`],
      verbs: ['get'],
    },
    { group, resource: 'clusters', verbs: [...follow, 'patch'] },
  ]
}
