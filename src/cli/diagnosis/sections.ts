/** What is, in a few lines for each role that a cluster has: facts only, no judgement. Pure. */
import type { Cluster } from '../../api/cluster.ts'
import { annotations } from '../../api/group.ts'
import { isMadeByJoin } from '../../primary/bootstrap/precedence.ts'
import { announcementOf } from '../rolling.ts'
import {
  isAbsent,
  type Observation,
  type OperatorView,
  type PrimaryView,
  type SecondaryView,
  valueOf,
} from './observation.ts'
import { isHeld } from './operator-rules.ts'
import { recentWarnings } from './recent-warnings.ts'
import type { Fact, Section } from './report.ts'
import { tokenState } from './token-rules.ts'

/** The sections of the roles that the cluster has; none where conjoin has left no trace. */
export function sectionsOf(seen: Observation): readonly Section[] {
  return [
    ...(isPrimary(seen.primary) ? [primarySection(seen)] : []),
    ...(isSecondary(seen.secondary) ? [secondarySection(seen)] : []),
  ]
}

/** Our definitions alone make no primary: they may have been left behind. */
function isPrimary({ operator, bootstraps, clusters, definitions }: PrimaryView): boolean {
  return (
    isOperated(operator) ||
    (valueOf(bootstraps) ?? []).length > 0 ||
    (valueOf(clusters) ?? []).length > 0 ||
    (valueOf(definitions) ?? []).some(({ state }) => state === 'foreign')
  )
}

function isSecondary({ operator, join, status, identity, hasClusterInfo }: SecondaryView): boolean {
  return (
    isOperated(operator) ||
    [join, status, identity].some((reading) => valueOf<unknown>(reading) !== undefined) ||
    valueOf(hasClusterInfo) === true
  )
}

function isOperated({ deployment, lease, account }: OperatorView): boolean {
  return valueOf(deployment) !== undefined || valueOf(lease) !== undefined || valueOf(account.exists) === true
}

function primarySection({ primary, now }: Observation): Section {
  return {
    role: 'primary',
    namespace: primary.namespace,
    facts: [
      operatorFact(primary.operator),
      ...counted(
        'Bootstraps',
        valueOf(primary.bootstraps)?.filter((bootstrap) => !isMadeByJoin(bootstrap)),
        (bootstrap) =>
          bootstrap.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')
            ? 'ready'
            : 'not ready',
      ),
      ...counted('Clusters', valueOf(primary.clusters), stateOf),
      ...rollFacts(primary),
      ...counted('Join tokens', valueOf(primary.tokens), (token) => tokenState(token, now)),
    ],
    warnings: recentWarnings(primary.warnings, now),
  }
}

/** Only while keys roll: who has still to name the next one. */
function rollFacts({ identity, clusters }: PrimaryView): readonly Fact[] {
  const keys = valueOf(identity)
  if (keys === undefined || keys === 'damaged') return []
  const announcement = announcementOf(keys)
  if (announcement === undefined) return []
  const members = valueOf(clusters)?.filter(({ spec }) => spec.member !== undefined)
  const named = members?.filter(({ status }) => status?.primaryKeyId === keys.next)
  const progress = members === undefined ? '' : `; ${named?.length ?? 0} of ${members.length} have`
  return [{ name: 'Key roll', value: announcement + progress }]
}

function stateOf({ status }: Cluster): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  return ready?.status === 'True' ? 'ready' : (ready?.reason ?? 'not looked at yet')
}

/** `3: 2 ready, 1 NoHeartbeat`, the most frequent first. */
function counted<T>(name: string, items: readonly T[] | undefined, kindOf: (item: T) => string): readonly Fact[] {
  if (items === undefined) return []
  const kinds = Map.groupBy(items, kindOf)
  const parts = [...kinds]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([kind, group]) => `${group.length} ${kind}`)
  return [{ name, value: parts.length === 0 ? 'none' : parts.join(', ') }]
}

function secondarySection({ secondary, now }: Observation): Section {
  return {
    role: 'secondary',
    namespace: secondary.namespace,
    facts: [operatorFact(secondary.operator), ...membershipFacts(secondary), ...joinFacts(secondary)],
    warnings: recentWarnings(secondary.warnings, now),
  }
}

function membershipFacts({ identity }: SecondaryView): readonly Fact[] {
  const membership = valueOf(identity)?.membership
  if (membership === undefined) return []
  const { clusterName, primaryName, endpoint } = membership
  return [{ name: 'Member', value: `as ${clusterName} of ${primaryName} at ${endpoint}` }]
}

function joinFacts({ join, status: reading }: SecondaryView): readonly Fact[] {
  const status = valueOf(reading)
  if (status === undefined) return [{ name: 'Join', value: isAbsent(join) ? 'not asked for' : 'no status yet' }]
  const { status: word, timestamp, annotations: stored } = status
  const last = stored[annotations.lastContact]
  return [
    { name: 'Join', value: `${word} since ${timestamp}` },
    ...(last === undefined ? [] : [{ name: 'Last contact', value: `${last}, written every 10 minutes` }]),
  ]
}

function operatorFact({ deployment: reading, lease: leaseReading, namespace }: OperatorView): Fact {
  const deployment = valueOf(reading)
  const lease = valueOf(leaseReading)
  const pods = deployment === undefined ? [] : [`${deployment.ready} of ${deployment.replicas} pods ready`]
  const works =
    leaseReading.kind === 'unread'
      ? []
      : [lease !== undefined && isHeld(lease) ? `${lease.holder} works` : 'nobody works']
  return { name: 'Operator', value: [`in ${namespace}`, ...pods, ...works].join(', ') }
}
