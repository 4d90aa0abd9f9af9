/**
 * Which of several Bootstraps that want the same thing gets it: the one that has it, else the older, else the first name
 * by alphabet. Pure; the loser changes nothing.
 */
import type { Bootstrap, BootstrapEntry } from '../../api/bootstrap.ts'
import type { Cluster } from '../../api/cluster.ts'
import { createdByLabel } from '../../api/group.ts'
import type { Informer } from '../../kube/informer.ts'
import { recordNames } from './joined-bootstrap.ts'

/** By which the Bootstraps are found that may want the same: a fleet has one for each of its clusters. */
export const bootstrapIndexes = {
  cluster: names,
  primary: (bootstrap: Bootstrap): readonly string[] => (primaryEntry(bootstrap) === undefined ? [] : ['']),
}

/** The Bootstraps that want something that this one wants, itself among them. */
export function rivals(bootstrap: Bootstrap, bootstraps: Pick<Informer<Bootstrap>, 'by'>): readonly Bootstrap[] {
  const found = [
    ...names(bootstrap).flatMap((name) => bootstraps.by('cluster', name)),
    ...(primaryEntry(bootstrap) === undefined ? [] : bootstraps.by('primary', '')),
  ]
  return [...new Set(found)]
}

type Lookup = (name: string) => Cluster | undefined

/**
 * A Bootstrap that a join made, not a user. Anybody can write the label: one that has not the form of a record as well is
 * a user's, with the rights of a user's.
 */
export function isMadeByJoin({ metadata, spec }: Bootstrap): boolean {
  const [entry, ...rest] = Object.values(spec.clusters)
  const isRecord = entry !== undefined && rest.length === 0 && !entry.primary
  return metadata.labels?.[createdByLabel] === 'join' && isRecord && recordNames(entry.name).includes(metadata.name)
}

/** Whether a Bootstrap of a user's names this cluster: its Cluster is there without any join. */
export function isRegisteredAhead(clusterName: string, bootstraps: Pick<Informer<Bootstrap>, 'by'>): boolean {
  return bootstraps.by('cluster', clusterName).some((bootstrap) => !isMadeByJoin(bootstrap))
}

/** The name of another Bootstrap that names the primary with better right, if there is one. */
export function primaryConflict(
  bootstrap: Bootstrap,
  all: readonly Bootstrap[],
  clusterNamed: Lookup,
): string | undefined {
  const claim = primaryEntry(bootstrap)
  if (claim === undefined) return undefined
  const right = (other: Bootstrap) => {
    const entry = primaryEntry(other)
    if (entry === undefined || clusterNamed(entry.name)?.spec.primary !== true) return 0
    return hasRegistered(other, entry.name) ? 2 : 1
  }
  return all.find(
    (other) => !isSame(other, bootstrap) && primaryEntry(other) !== undefined && precedes(other, bootstrap, right),
  )?.metadata.name
}

/** The first name of `bootstrap` to which another Bootstrap has better right, and that Bootstrap's name. */
export function nameConflict(
  bootstrap: Bootstrap,
  all: readonly Bootstrap[],
  clusterNamed: Lookup,
): { readonly name: string; readonly owner: string } | undefined {
  for (const { name } of Object.values(bootstrap.spec.clusters)) {
    const right = (other: Bootstrap) =>
      clusterNamed(name) !== undefined && (isMadeByJoin(other) || hasRegistered(other, name)) ? 1 : 0
    const owner = all.find(
      (other) => !isSame(other, bootstrap) && names(other).includes(name) && precedes(other, bootstrap, right),
    )
    if (owner !== undefined) return { name, owner: owner.metadata.name }
  }
  return undefined
}

/** Whether `a` goes before `b`; `right` says how good a Bootstrap's claim is, more is better. */
function precedes(a: Bootstrap, b: Bootstrap, right: (bootstrap: Bootstrap) => number): boolean {
  if (right(a) !== right(b)) return right(a) > right(b)
  const age = createdAt(a) - createdAt(b)
  return age === 0 ? a.metadata.name < b.metadata.name : age < 0
}

function hasRegistered(bootstrap: Bootstrap, name: string): boolean {
  return bootstrap.status?.clusters?.some((entry) => entry.name === name && entry.registered !== undefined) ?? false
}

function primaryEntry(bootstrap: Bootstrap): BootstrapEntry | undefined {
  return Object.values(bootstrap.spec.clusters).find((entry) => entry.primary)
}

function names(bootstrap: Bootstrap): readonly string[] {
  return Object.values(bootstrap.spec.clusters).map((entry) => entry.name)
}

function isSame(a: Bootstrap, b: Bootstrap): boolean {
  return a.metadata.name === b.metadata.name
}

function createdAt(bootstrap: Bootstrap): number {
  return Date.parse(bootstrap.metadata.creationTimestamp ?? '')
}
