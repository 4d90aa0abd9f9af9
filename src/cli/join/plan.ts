/** Whether two clusters can be joined, and what the secondary is given for it. Pure. */
import type { Cluster } from '../../api/cluster.ts'
import { annotations } from '../../api/group.ts'
import { joinHash, mcJoinConfigName } from '../../api/mc-join.ts'
import type { StoredMembership } from '../../api/membership.ts'
import type { ConfigMap, Secret } from '../../kube/objects.ts'
import { deepEqual } from '../../lib/deep-equal.ts'
import { type Invitation, mcJoinManifest } from '../manifests.ts'

export interface BothSides {
  readonly primaryUid: string
  readonly secondaryUid: string
  readonly clusters: readonly Cluster[]
  /** What the secondary remembers of the primary it belongs to. */
  readonly membership: StoredMembership | undefined
}

export type Prospect =
  | { readonly kind: 'itself' }
  /** Both sides know of it; nothing is to be done. */
  | { readonly kind: 'joined'; readonly cluster: Cluster }
  /** `leaves`: the primary that it belongs to now, where that is another one. */
  | { readonly kind: 'open'; readonly leaves?: string }

export function prospectOf({ primaryUid, secondaryUid, clusters, membership }: BothSides): Prospect {
  if (primaryUid === secondaryUid) return { kind: 'itself' }
  if (membership === undefined) return { kind: 'open' }
  if (membership.primaryUid !== primaryUid) return { kind: 'open', leaves: membership.primaryName }
  const cluster = clusters.find(({ spec }) => spec.member?.uid === secondaryUid)
  return cluster === undefined || cluster.metadata.deletionTimestamp !== undefined
    ? { kind: 'open' }
    : { kind: 'joined', cluster }
}

/** What the user says of the joining cluster. */
export interface JoinWishes {
  readonly name?: string | undefined
  readonly ingress?: string | undefined
}

export interface Given {
  readonly join: Secret
  /** Undefined where there is none, and none is needed. */
  readonly config: ConfigMap | undefined
}

/**
 * Both objects as they are to be; `now` is RFC 3339. Of an `mc-join` that is there nothing of the old content stays; of an
 * `mc-join-config` everything does that is not asked for.
 */
export function givenTo(
  stored: { readonly join: Secret | undefined; readonly config: ConfigMap | undefined },
  invitation: Invitation,
  { name, ingress }: JoinWishes,
  now: string,
): Given {
  const fresh = mcJoinManifest({ ...invitation, clusterName: name ?? invitation.clusterName })
  // A Secret's type never changes, and its annotations are the user's.
  const join = stored.join === undefined ? fresh : { ...stored.join, data: fresh.data ?? {} }
  const config = configWith(stored.config, invitation.namespace, wishedOf({ name, ingress }, stored.config))
  const isSame = deepEqual([stored.join?.data, stored.config?.data], [join.data, config?.data])
  // The operator has judged this content already, and looks at it again only where it is asked to.
  return { join: isSame ? withRetry(join, now) : join, config }
}

function withRetry(join: Secret, now: string): Secret {
  const { metadata } = join
  return { ...join, metadata: { ...metadata, annotations: { ...metadata.annotations, [annotations.retry]: now } } }
}

function wishedOf({ name, ingress }: JoinWishes, stored: ConfigMap | undefined): Record<string, string> {
  return {
    // It goes before the name in mc-join, so a name there would win over the one that is asked for.
    ...(name === undefined || stored === undefined ? {} : { 'cluster-name': name }),
    ...(ingress === undefined ? {} : { 'cluster-ingress': ingress }),
  }
}

function configWith(stored: ConfigMap | undefined, namespace: string, wished: Record<string, string>) {
  if (Object.keys(wished).length === 0) return stored
  const base = stored ?? { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: mcJoinConfigName, namespace } }
  return { ...base, data: { ...stored?.data, ...wished } }
}

/** By this the operator's word on this very content is known. */
export function hashOf({ join, config }: Given): string {
  return joinHash(join.data, config?.data, join.metadata.annotations?.[annotations.retry])
}
