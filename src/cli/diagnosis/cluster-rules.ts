/** What is wrong with the Clusters of a primary: by the reason of each condition, which is the operator's own word. Pure. */
import type { Cluster } from '../../api/cluster.ts'
import type { Reason } from '../../api/reasons.ts'
import { kubectl, type Target } from '../command-line.ts'
import { type Observation, valueOf } from './observation.ts'
import type { Finding, Step } from './report.ts'

interface ClusterCase {
  readonly name: string
  readonly namespace: string
  readonly target: Target
}

interface Judgement {
  readonly severity: Finding['severity']
  readonly remedy: string
  readonly next: (fault: ClusterCase) => Step
}

/** By the reason of a condition that is not as it should be. */
const judgements: Readonly<Partial<Record<Reason, Judgement>>> = {
  // It was registered ahead, and nobody need hurry.
  AwaitingJoin: {
    severity: 'note',
    remedy: 'make a join token for it, or let it wait',
    next: ({ name, namespace, target }) => ({
      command: kubectl(target, 'conjoin', 'token', 'create', '--cluster-name', name, '-n', namespace),
    }),
  },
  // Somebody has to say yes or no; until then nothing is broken.
  PendingApproval: {
    severity: 'note',
    remedy: 'compare the uid with that of the cluster that you expect, then approve or deny it',
    next: ({ name, namespace, target }) => ({ command: kubectl(target, 'conjoin', 'approve', name, '-n', namespace) }),
  },
  Denied: {
    severity: 'note',
    remedy: 'remove it, or approve it after all',
    next: disconnect,
  },
  Unconfirmed: {
    severity: 'wrong',
    remedy: 'see on that cluster why it cannot reach the primary; without a heartbeat it is removed after 15 minutes',
    next: statusThere,
  },
  // It ends by itself, or waits for what the message names.
  Disconnecting: { severity: 'note', remedy: 'wait, or delete what it waits for', next: describe },
  ReportedUnhealthy: { severity: 'wrong', remedy: 'see on that cluster what it says', next: statusThere },
  NoHeartbeat: {
    severity: 'wrong',
    remedy: 'see on that cluster whether conjoin runs and reaches the primary',
    next: statusThere,
  },
  NeverSeen: {
    severity: 'wrong',
    remedy: 'see on that cluster whether conjoin runs and reaches the primary',
    next: statusThere,
  },
  SameKeyOtherUid: {
    severity: 'wrong',
    remedy: 'delete the Secret mc-identity on the other cluster, then give this one another key',
    next: rotateThere,
  },
  BootIdsAlternate: {
    severity: 'wrong',
    remedy: 'stop the copy, then give the cluster that is to stay another key: whoever has the old one is refused then',
    next: rotateThere,
  },
  PreviousKeyUsed: {
    severity: 'wrong',
    remedy:
      'see who has changed its key: if it was you, stop the copy and change it again; if not, delete this Cluster and join again with a new token',
    next: describe,
  },
  ManyHeartbeatsLost: {
    severity: 'wrong',
    remedy: 'the fault is likely here: see the ingress and the Service in front of the primary',
    next: ({ namespace, target }) => ({ command: kubectl(target, 'get', 'events.events.k8s.io', '-n', namespace) }),
  },
}

export function judgeClusters({ seen, target }: { seen: Observation; target: Target }): readonly Finding[] {
  return (valueOf(seen.primary.clusters) ?? []).flatMap((cluster) => judgeCluster(cluster, target))
}

/** Ready speaks for Joined and Healthy; the suspicions stand beside it. */
function judgeCluster({ metadata, status }: Cluster, target: Target): readonly Finding[] {
  const conditions = status?.conditions ?? []
  const faults = conditions.filter(({ type, status: value }) =>
    type === 'Ready' ? value !== 'True' : !['Joined', 'Healthy'].includes(type) && value === 'True',
  )
  return faults.map(({ reason, message }) => {
    const { severity, remedy, next } = judgements[reason as Reason] ?? unknown
    const step = next({ name: metadata.name, namespace: metadata.namespace ?? '', target })
    const what = `the Cluster ${metadata.name}: ${message}`
    return { severity, role: 'primary', code: reason, what, remedy, next: step }
  })
}

/** A reason of a newer version. */
const unknown: Judgement = { severity: 'wrong', remedy: 'see the Cluster', next: describe }

function describe({ name, namespace, target }: ClusterCase): Step {
  return { command: kubectl(target, 'describe', 'clusters.dist.kio.kasten.io', name, '-n', namespace) }
}

function disconnect({ name, namespace, target }: ClusterCase): Step {
  return { command: kubectl(target, 'conjoin', 'disconnect', name, '-n', namespace) }
}

function statusThere({ name }: ClusterCase): Step {
  return { on: `the cluster ${name}`, command: 'kubectl conjoin status' }
}

function rotateThere({ name }: ClusterCase): Step {
  return { on: `the cluster ${name}`, command: 'kubectl conjoin rotate member' }
}
