/** What joins tell on the Cluster itself, where the administrator who has to know looks. It decides nothing. */
import type { Cluster } from '../../api/cluster.ts'
import type { Reason } from '../../api/reasons.ts'
import type { EventRecorder } from '../../kube/events.ts'

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
