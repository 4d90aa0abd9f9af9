/**
 * Who has made which namespace in control planes that are lent from one to the next. Two borrowers with the same one meet
 * only where chance lends them the same control plane: here they are found wherever they were.
 */
import type { ClusterAddress } from './access.ts'

export interface NamespaceOwners {
  /** `borrower` gives a control plane back, and these are in it. */
  returned(controlPlane: ClusterAddress, borrower: string, namespaces: readonly string[]): void
  /** A sentence for each namespace that several borrowers have made in control planes with one name. */
  clashes(): readonly string[]
}

/** Every cluster has them. */
const builtIn = /^(default|kube-.*)$/

export function createNamespaceOwners(): NamespaceOwners {
  const known = new Map<string, ReadonlySet<string>>()
  const makers = new Map<string, Set<string>>()

  return {
    returned({ name, dir }, borrower, namespaces) {
      const before = known.get(dir)
      for (const namespace of namespaces) {
        if (before?.has(namespace) === true || builtIn.test(namespace)) continue
        const made = `${namespace} of a ${name}`
        makers.set(made, (makers.get(made) ?? new Set()).add(borrower))
      }
      known.set(dir, new Set(namespaces))
    },
    clashes: () =>
      [...makers]
        .filter(([, borrowers]) => borrowers.size > 1)
        .map(([made, borrowers]) => `the namespace ${made} is made by ${[...borrowers].toSorted().join(' and ')}`),
  }
}
