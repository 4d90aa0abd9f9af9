/**
 * Puts the labels that a member reports on its Cluster, by server-side apply under a field manager of their own: what a
 * user or a join token has set is theirs and stays, and what the member reports no longer goes. It is never waited for: a
 * heartbeat is answered whatever becomes of its labels.
 */
import { type Cluster, clusterKind } from '../../api/cluster.ts'
import { annotations } from '../../api/group.ts'
import { formatLabels, type Labels } from '../../api/labels.ts'
import type { KubeClient } from '../../kube/client.ts'
import { isConflict } from '../../kube/errors.ts'
import type { EventRecorder } from '../../kube/events.ts'
import type { Logger } from '../../lib/logger.ts'
import type { Buckets } from '../load/buckets.ts'
import { type AllowedLabels, areTakenOver, siftLabels } from './member-labels.decide.ts'

export interface MemberLabels {
  /** The member of this Cluster reports these. Returns at once. */
  reported(cluster: Cluster, labels: Labels): void
  forget(clusterName: string): void
}

export interface MemberLabelsDeps {
  readonly client: Pick<KubeClient, 'apply'>
  readonly events: Pick<EventRecorder, 'record'>
  readonly memberLabels: AllowedLabels
  /** How often the labels of one member may be written or complained of. */
  readonly pace: Buckets
  readonly log: Logger
}

const fieldManager = 'conjoin-member-labels'
const annotationField = `.metadata.annotations.${annotations.memberLabels}`
const labelField = (key: string) => `.metadata.labels.${key}`

export function createMemberLabels(deps: MemberLabelsDeps): MemberLabels {
  /** What was last complained of, by name of the Cluster: a heartbeat that repeats it is no news. */
  const complaints = new Map<string, string>()

  function complain(cluster: Cluster, note: string | undefined): void {
    const { name } = cluster.metadata
    if (complaints.get(name) === note) return
    if (note === undefined) {
      complaints.delete(name)
      return
    }
    if (deps.pace.take(name) > 0) return
    complaints.set(name, note)
    deps.events.record({ regarding: cluster, type: 'Warning', reason: 'LabelsDropped', note })
  }

  return {
    reported(cluster, labels) {
      const { taken, dropped } = siftLabels(labels, deps.memberLabels)
      complain(cluster, dropped)
      if (areTakenOver(cluster, taken) || deps.pace.take(cluster.metadata.name) > 0) return
      takeOver(deps.client, cluster, taken).catch((err: unknown) => {
        deps.log.warn({ err, cluster: cluster.metadata.name }, 'cannot take over the labels of a member')
      })
    },
    forget(clusterName) {
      complaints.delete(clusterName)
    },
  }
}

/** The API server says which of them are somebody else's: those are left to him, and the others are applied. */
async function takeOver(client: MemberLabelsDeps['client'], cluster: Cluster, taken: Labels): Promise<void> {
  try {
    await apply(client, cluster, { labels: taken, record: formatLabels(taken) })
  } catch (error) {
    if (!isConflict(error)) throw error
    const free = Object.entries(taken).filter(([key]) => !error.fields.includes(labelField(key)))
    // The record is ours alone, whoever has edited it.
    const force = error.fields.includes(annotationField)
    await apply(client, cluster, { labels: Object.fromEntries(free), record: formatLabels(taken), force })
  }
}

/** With the uid: a Cluster that has been deleted meanwhile is not made again. */
async function apply(
  client: MemberLabelsDeps['client'],
  { metadata: { name, namespace = '', uid = '' } }: Cluster,
  { labels, record, force = false }: { labels: Labels; record: string; force?: boolean },
): Promise<void> {
  const written = record === '' ? {} : { labels: { ...labels }, annotations: { [annotations.memberLabels]: record } }
  await client.apply<Cluster>(clusterKind, { metadata: { name, namespace, uid, ...written } }, { fieldManager, force })
}
