/** Which change wakes which controller of the primary, beyond a change of the very object that it looks after. */
import type { Cluster } from '../../api/cluster.ts'
import type { Controller } from '../../kube/controller.ts'
import type { InformerChange } from '../../kube/informer.ts'
import { type KubeObject, keyOf } from '../../kube/objects.ts'
import { rivals } from '../bootstrap/precedence.ts'
import { isHeld } from '../cluster/cluster.decide.ts'
import { storedInterval } from '../cluster/followed-interval.ts'
import { uidsOfNews } from '../cluster/tombstone.ts'
import type { ClusterLookup } from '../cluster-lookup.ts'
import { tokenIdIndex } from '../join/token-source.ts'
import type { Core } from './core.ts'
import type { Informers } from './informers.ts'

type Name = 'bootstraps' | 'clusters' | 'tokens' | 'roll'
type Woken = Readonly<Record<Name, Pick<Controller, 'enqueue' | 'enqueueAfter'>>>

/** Changes that come together are counted together: a look may go through a whole fleet. */
const countAfterMs = 250

export function connectWakes(controllers: Woken, core: Core): void {
  wakeRoll(controllers, core)
  wakeBootstraps(controllers, core)
  wakeDisconnected(controllers, core)
  core.informers.clusters.onChange((change) => clusterChanged(controllers, core, change))
}

export function wake(controller: Pick<Controller, 'enqueue'>, objects: readonly KubeObject[]): void {
  for (const object of objects) controller.enqueue(keyOf(object))
}

/** Somebody may have been the last to trust an old key. */
function wakeRoll({ roll }: Woken, { informers, identity }: Core): void {
  const soon = () => roll.enqueueAfter(identity.key, countAfterMs)
  informers.tombstones.onChange(soon)
  informers.tokens.onChange(({ type }) => {
    if (type === 'deleted') soon()
  })
  informers.clusters.onChange((change) => {
    const before = change.type === 'updated' ? change.previous.status?.primaryKeyId : undefined
    if (change.type === 'deleted' || change.object.status?.primaryKeyId !== before) soon()
  })
}

/** Which of several Bootstraps has better right depends on each of them, also on what one has just given up. */
function wakeBootstraps({ bootstraps }: Woken, { informers }: Core): void {
  informers.bootstraps.onChange((change) => {
    wake(bootstraps, rivals(change.object, informers.bootstraps))
    if (change.type === 'updated') wake(bootstraps, rivals(change.previous, informers.bootstraps))
  })
}

/** Of two Clusters of one member only one may have been deleted, and the other one is to go too. */
function wakeDisconnected({ clusters }: Woken, { informers }: Core): void {
  informers.tombstones.onChange((change) => {
    if (change.type === 'deleted') return
    const before = change.type === 'updated' ? change.previous : undefined
    for (const uid of uidsOfNews(change.object, before))
      wake(
        clusters,
        // The one that is being deleted is looked at already: it is what has stored this.
        informers.clusters.by('uid', uid).filter(({ metadata }) => metadata.deletionTimestamp === undefined),
      )
  })
}

function clusterChanged(
  { bootstraps, clusters, tokens }: Woken,
  { informers, clusters: lookup, followed }: Core,
  change: InformerChange<Cluster>,
): void {
  const { object } = change
  wake(bootstraps, informers.bootstraps.by('cluster', object.metadata.name))
  wake(clusters, ofSameMember(informers, object))
  if (object.spec.primary) {
    // Tokens name its address, and Bootstraps ask whether there is a primary.
    wake(tokens, informers.tokens.list())
    wake(bootstraps, informers.bootstraps.list())
    return
  }
  if (change.type !== 'updated') {
    wake(clusters, primariesThatAsk(lookup, change))
    // The interval grows and shrinks with the fleet.
    const longest = storedInterval(followed.longest())
    wake(
      clusters,
      lookup.primaries().filter(({ status }) => status?.heartbeatInterval !== longest),
    )
  }
  // A token counts whom it admits: a Cluster that is made or goes, and one that somebody joins under.
  const tokenId = object.spec.member?.tokenId
  const before = change.type === 'updated' ? change.previous.spec.member?.tokenId : undefined
  if (tokenId === undefined || tokenId === before) return
  for (const secret of informers.tokens.by(tokenIdIndex, tokenId)) tokens.enqueueAfter(keyOf(secret), countAfterMs)
}

/** The others: two Clusters of one uid or key come from a race, and only together show which of them is to go. */
function ofSameMember({ clusters }: Informers, { metadata, spec: { member } }: Cluster): readonly KubeObject[] {
  if (member === undefined) return []
  const all = [...clusters.by('uid', member.uid), ...clusters.by('key', member.keyId)]
  return all.filter((other) => other.metadata.name !== metadata.name)
}

/** They are held by the finalizer only while there are secondaries: the first one that comes is news, and any that goes. */
function primariesThatAsk(lookup: ClusterLookup, { type }: InformerChange<Cluster>): readonly KubeObject[] {
  const primaries = lookup.primaries()
  return type === 'deleted' ? primaries : primaries.filter((cluster) => !isHeld(cluster))
}
