/**
 * Tells on the token Secret who was admitted with it. Admissions that come close together share one Event, so that a
 * fleet that joins at once does not cost an Event each.
 */
import type { EventRecorder } from '../../kube/events.ts'
import type { Secret } from '../../kube/objects.ts'
import type { Cancel, Clock } from '../../lib/clock.ts'

export interface AdmissionJournal {
  admitted(token: Secret, clusterName: string): void
  /** Writes what has not been written yet. */
  flush(): void
}

/** How long admissions are gathered, milliseconds. */
const gatherMs = 5_000
/** A note holds 1,024 characters, and a name up to 63. */
const namesPerEvent = 14

export function createAdmissionJournal(deps: { events: EventRecorder; clock: Clock }): AdmissionJournal {
  const pending = new Map<string, { readonly token: Secret; names: string[]; readonly cancel: Cancel }>()

  function write(uid: string): void {
    const entry = pending.get(uid)
    if (entry === undefined) return
    entry.cancel()
    pending.delete(uid)
    deps.events.record({
      regarding: entry.token,
      type: 'Normal',
      reason: 'Joined',
      note: `admitted ${entry.names.join(', ')}`,
    })
  }

  return {
    admitted(token, clusterName) {
      const uid = token.metadata.uid ?? ''
      const entry = pending.get(uid) ?? { token, names: [], cancel: deps.clock.after(gatherMs, () => write(uid)) }
      entry.names.push(clusterName)
      pending.set(uid, entry)
      if (entry.names.length >= namesPerEvent) write(uid)
    },
    flush() {
      for (const uid of pending.keys()) write(uid)
    },
  }
}
