/**
 * Tells on the token Secret who was admitted with it, and who waits for approval. Admissions that come close together
 * share one Event, so that a fleet that joins at once does not cost an Event each; nobody is left out.
 */
import type { Cluster } from '../../api/cluster.ts'
import type { Reason } from '../../api/reasons.ts'
import type { EventRecorder } from '../../kube/events.ts'
import type { Secret } from '../../kube/objects.ts'
import type { Clock } from '../../lib/clock.ts'
import { tellRebound, tellReturn } from '../cluster/cluster-events.ts'

export interface AdmissionJournal {
  admitted(token: Secret, clusterName: string): void
  waits(token: Secret, clusterName: string): void
  /** A member of old wants to come back. Told on its Cluster: no token stands for it. */
  returns(cluster: Cluster): void
  /** A member has a new key. Told on its Cluster, at once: whoever did not allow it has to see it. */
  rebound(cluster: Cluster): void
  /** Writes what has not been written yet. */
  flush(): void
}

/** How long admissions are gathered, milliseconds. */
const gatherMs = 5_000
/** A note holds 1,024 characters, and a name up to 63. */
const namesPerEvent = 14

const sentences = {
  Joined: (names: string) => `admitted ${names}`,
  PendingApproval: (names: string) => `approval asked for ${names}: set spec.approved of the Cluster to true or false`,
} as const satisfies Partial<Record<Reason, (names: string) => string>>

export function createAdmissionJournal(deps: { events: EventRecorder; clock: Clock }): AdmissionJournal {
  const pending = new Map<string, { names: string[]; write: () => void }>()

  function gather(reason: keyof typeof sentences, token: Secret, clusterName: string): void {
    const key = `${reason} ${token.metadata.uid}`
    const entry = pending.get(key) ?? open(key, reason, token)
    entry.names.push(clusterName)
    if (entry.names.length >= namesPerEvent) entry.write()
  }

  function open(key: string, reason: keyof typeof sentences, token: Secret) {
    const names: string[] = []
    const write = () => {
      cancel()
      pending.delete(key)
      const note = sentences[reason](names.join(', '))
      // Bounded by what it tells: one for fourteen Clusters that were made, and one in five seconds.
      deps.events.record({ regarding: token, type: 'Normal', reason, note, isPaced: true })
    }
    const cancel = deps.clock.after(gatherMs, write)
    const entry = { names, write }
    pending.set(key, entry)
    return entry
  }

  return {
    admitted: (token, clusterName) => gather('Joined', token, clusterName),
    waits: (token, clusterName) => gather('PendingApproval', token, clusterName),
    returns: (cluster) => tellReturn(deps.events, cluster),
    rebound: (cluster) => tellRebound(deps.events, cluster),
    flush() {
      for (const { write } of pending.values()) write()
    },
  }
}
