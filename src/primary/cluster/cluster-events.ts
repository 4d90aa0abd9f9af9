/**
 * What an administrator has to know of single clusters, told where he looks: on the Cluster, and on what remembers those
 * that are gone. It decides nothing.
 */
import type { Cluster } from '../../api/cluster.ts'
import type { Reason } from '../../api/reasons.ts'
import type { EventRecorder } from '../../kube/events.ts'
import type { ConfigMap } from '../../kube/objects.ts'

/** A member has come with a new key, which was allowed: whoever did not allow it has to see it. */
export function tellRebound(events: EventRecorder, cluster: Cluster): void {
  const reason: Reason = 'KeyChanged'
  const note = `${cluster.metadata.name} has joined with a new key, ${cluster.spec.member?.keyId}; its old one is of no use any more`
  events.record({ regarding: cluster, type: 'Normal', reason, note })
}

/** A cluster that this primary has forgotten shows its membership: who it is, and that nobody lets it in by himself. */
export function tellReturn(events: EventRecorder, cluster: Cluster): void {
  const reason: Reason = 'PendingApproval'
  const note = `${cluster.metadata.name} was a member of this primary, which does not know it any more; set spec.approved to true to let it come back, or to false`
  events.record({ regarding: cluster, type: 'Warning', reason, note })
}

/** The Secret is not where Events may be recorded: told on the primary's own Cluster. */
export function tellUnusableCertificate(
  events: Pick<EventRecorder, 'record'>,
  primaries: readonly Cluster[],
  note: string,
): void {
  for (const regarding of primaries)
    events.record({ regarding, type: 'Warning', reason: 'TlsCertificateUnusable', note })
}

/** So many names fit into one Event. */
const namesPerEvent = 13

/** These were disconnected, have not heard of it, and cannot be told any more. */
export function tellDropped(
  events: Pick<EventRecorder, 'record'>,
  tombstones: ConfigMap,
  names: readonly string[],
): void {
  const reason: Reason = 'TombstonesDropped'
  const shown = names.slice(0, namesPerEvent).join(', ')
  const others = names.length > namesPerEvent ? ` and ${names.length - namesPerEvent} more` : ''
  const note = `no longer remembered as disconnected: ${shown}${others}, which never heard of it; whoever of them is on again asks to come back`
  events.record({ regarding: tombstones, type: 'Warning', reason, note })
}
