/**
 * Writes an admission: the Cluster, and the record of what it reported. Each step creates or verifies, so that a commit
 * may be repeated after a crash at any point.
 */
import { type Bootstrap, bootstrapKind } from '../../api/bootstrap.ts'
import { type Cluster, clusterKind } from '../../api/cluster.ts'
import { annotations, apiVersion, clusterInfoFinalizer, clusterTypeLabel } from '../../api/group.ts'
import type { JoinTokenSettings } from '../../api/join-token-settings.ts'
import type { Labels } from '../../api/labels.ts'
import type { KubeClient } from '../../kube/client.ts'
import { isAlreadyExists } from '../../kube/errors.ts'
import type { Informer } from '../../kube/informer.ts'
import { keyOf } from '../../kube/objects.ts'
import type { Clock } from '../../lib/clock.ts'
import { deepEqual } from '../../lib/deep-equal.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { VerifiedRequest } from '../../protocol/join-request.ts'
import { joinedBootstrap, recordedCluster, recordedK10, recordNames } from '../bootstrap/joined-bootstrap.ts'
import { isMadeByJoin, isRegisteredAhead } from '../bootstrap/precedence.ts'
import { fieldManager } from '../field-manager.ts'
import { isByMember } from '../labels/member-labels.decide.ts'
import type { Buckets } from '../load/buckets.ts'
import type { Granted } from './admission.decide.ts'

export interface CommitDeps {
  readonly client: KubeClient
  readonly bootstraps: Informer<Bootstrap>
  /** How often the record of a Cluster may be changed: a member that reports something else at each join must not cost a write each. */
  readonly recordPace: Buckets
  readonly namespace: string
  readonly clock: Clock
}

/** What is written of an applicant: who it is, and what its token asks for. */
export interface Writing {
  readonly join: VerifiedRequest
  readonly settings: Pick<JoinTokenSettings, 'clusterLabels' | 'approval'>
}

/**
 * Makes the admission true. Throws `KubeApiError`: AlreadyExists, Conflict and NotFound mean that somebody was faster and
 * that the admission has to be decided again.
 */
export async function commitCluster(deps: CommitDeps, granted: Granted, writing: Writing): Promise<Cluster> {
  const { clusterLabels } = writing.settings
  switch (granted.kind) {
    case 'create':
      return deps.client.create<Cluster>(clusterKind, newCluster(deps, granted.name, writing), { fieldManager })
    case 'bind': {
      const { metadata } = labelPatch(granted.cluster, clusterLabels)
      const spec = { ...joinedSpec(deps, writing), ...(granted.takesApproval ? {} : { approved: null }) }
      const patch = { metadata, spec }
      return deps.client.mergePatch<Cluster>(clusterKind, keyOf(granted.cluster), patch, { fieldManager })
    }
    case 'rebind': {
      // The permission goes in the write that uses it: it is for one key, once. The old key is lost or stolen, and so it is
      // not kept as the previous one, which may still be answered.
      const { resourceVersion, labels } = labelPatch(granted.cluster, clusterLabels).metadata
      const metadata = { resourceVersion, labels, annotations: { [annotations.allowRebind]: null } }
      const member = { ...memberOf(deps, writing.join), previousKeyId: null }
      const patch = { metadata, spec: { member } }
      return deps.client.mergePatch<Cluster>(clusterKind, keyOf(granted.cluster), patch, { fieldManager })
    }
    case 'recognise': {
      const { isNews, metadata } = labelPatch(granted.cluster, clusterLabels)
      if (!isNews) return granted.cluster
      return deps.client.mergePatch<Cluster>(clusterKind, keyOf(granted.cluster), { metadata }, { fieldManager })
    }
  }
}

/**
 * The labels that a stored Cluster lacks, bound to its version. Those that it has are somebody's word already, but for the
 * member's own: the token's goes before that.
 */
function labelPatch(cluster: Cluster, labels: Labels) {
  const { labels: present = {}, resourceVersion } = cluster.metadata
  const isFree = (key: string) => !Object.hasOwn(present, key) || isByMember(cluster, key)
  const missing = Object.entries(labels).filter(([key, value]) => present[key] !== value && isFree(key))
  return { isNews: missing.length > 0, metadata: { resourceVersion, labels: Object.fromEntries(missing) } }
}

function newCluster(deps: CommitDeps, name: string, writing: Writing): Cluster {
  return {
    apiVersion,
    kind: 'Cluster',
    metadata: {
      name,
      namespace: deps.namespace,
      labels: { ...writing.settings.clusterLabels, [clusterTypeLabel]: 'secondary' },
      finalizers: [clusterInfoFinalizer],
    },
    spec: { primary: false, k10: writing.join.claims.k10, ...joinedSpec(deps, writing) },
  }
}

/** In the one write that makes it: a Cluster that is to wait is never seen without saying so. */
function joinedSpec(deps: CommitDeps, { join, settings }: Writing): Pick<Cluster['spec'], 'member' | 'approval'> {
  const approval = settings.approval === 'manual' ? { approval: settings.approval } : {}
  return { member: memberOf(deps, join), ...approval }
}

function memberOf({ clock }: CommitDeps, { key, claims }: VerifiedRequest): NonNullable<Cluster['spec']['member']> {
  return {
    uid: claims.sub,
    publicKey: key.x,
    keyId: key.thumbprint,
    since: new Date(clock.now()).toISOString(),
    tokenId: claims.tid ?? '',
  }
}

type K10 = Cluster['spec']['k10']

/**
 * The Bootstrap that records what the secondary reported. Its k10 reaches the Cluster through the Bootstrap controller,
 * so a changed one is written here only. A name that a user's Bootstrap registered ahead has its record already. Throws
 * `KubeApiError` as above, and `Busy` where it changes too often.
 */
export async function commitRecord(deps: CommitDeps, clusterName: string, reported: K10): Promise<void> {
  if (isRegisteredAhead(clusterName, deps.bootstraps)) return
  for (const name of recordNames(clusterName)) if (await recordUnder(deps, name, clusterName, reported)) return
}

/** False where a Bootstrap of this name belongs to somebody else. */
async function recordUnder(deps: CommitDeps, name: string, clusterName: string, k10: K10): Promise<boolean> {
  const { client, namespace } = deps
  const record = joinedBootstrap({ name, namespace, clusterName, k10 })
  const known = deps.bootstraps.get({ namespace, name }) ?? (await created(client, record))
  if (known === undefined) return true
  if (!isMadeByJoin(known) || recordedCluster(known) !== clusterName) return false
  if (!deepEqual(recordedK10(known), k10)) {
    const wait = deps.recordPace.take(clusterName)
    if (wait > 0)
      throw new ProtocolError('Busy', 'this cluster reports another installation too often', { retryAfterMs: wait })
    const entries = Object.keys(known.spec.clusters).map((key) => [
      key,
      { k10: { ...k10, ingress: k10.ingress ?? null } },
    ])
    await client.mergePatch(
      bootstrapKind,
      keyOf(known),
      { spec: { clusters: Object.fromEntries(entries) } },
      { fieldManager },
    )
  }
  return true
}

/**
 * Creates the record; returns the Bootstrap that has its name already, if one does. Throws AlreadyExists where that one
 * has gone again meanwhile: the record still has to be made.
 */
async function created(client: KubeClient, record: Bootstrap): Promise<Bootstrap | undefined> {
  try {
    await client.create<Bootstrap>(bootstrapKind, record, { fieldManager })
    return undefined
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    const known = await client.get<Bootstrap>(bootstrapKind, keyOf(record))
    if (known === undefined) throw error
    return known
  }
}
