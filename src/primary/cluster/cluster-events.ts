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
