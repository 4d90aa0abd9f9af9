/**
 * Who has made which namespace in control planes that are lent from one to the next. Two borrowers with the same one meet
 * only where chance lends them the same control plane: here they are found wherever they were.
 */

export interface NamespaceOwners {
  /** `borrower` gives a control plane back, and these are in it. */
  returned(controlPlane: string, borrower: string, namespaces: readonly string[]): void
  /** A sentence for each namespace that several borrowers have made. */
  clashes(): readonly string[]
}

/** Every cluster has them. */
const builtIn = /^(default|kube-.*)$/

export function createNamespaceOwners(): NamespaceOwners {
  const known = new Map<string, ReadonlySet<string>>()
  const makers = new Map<string, Set<string>>()

  return {
    returned(controlPlane, borrower, namespaces) {
      const before = known.get(controlPlane)
      for (const namespace of namespaces)
        if (before?.has(namespace) !== true && !builtIn.test(namespace))
          makers.set(namespace, (makers.get(namespace) ?? new Set()).add(borrower))
      known.set(controlPlane, new Set(namespaces))
    },
    clashes: () =>
      [...makers]
        .filter(([, borrowers]) => borrowers.size > 1)
        .map(
          ([namespace, borrowers]) =>
            `the namespace ${namespace} is made by ${[...borrowers].toSorted().join(' and ')}`,
        ),
  }
}
