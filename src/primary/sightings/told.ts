/**
 * What the other replicas tell of the members that they have heard, from the cache of their ConfigMaps. It keeps the
 * latest of each member and judges nobody. No clock but this process's own is believed.
 */
import { decodeSightings, firstPartOf, memberId, oldestSighting, type ToldSightings } from '../../api/sightings.ts'
import type { Informer } from '../../kube/informer.ts'
import type { ConfigMap } from '../../kube/objects.ts'
import type { InformerChange } from '../../kube/store.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import type { Heartbeat } from '../../protocol/reply.ts'
import type { Contact } from '../cluster/health.decide.ts'
import type { Elsewhere } from '../heartbeat/runs.decide.ts'

export interface Told {
  /** The last contact of another replica with the cluster of this uid. */
  contact(uid: string): Contact | undefined
  /** Which run of that cluster that was; undefined also where an older version tells. */
  run(uid: string): Elsewhere | undefined
  /** Whether another replica tells anything, and so may want to be told. */
  hasOthers(): boolean
  /** ConfigMaps, also this replica's own, that nobody has rewritten for so long while this process looked; milliseconds. */
  silentFor(ms: number): readonly ConfigMap[]
  /** Calls the listener each time another replica has told something. */
  onNews(listener: () => void): void
}

export interface ToldDeps {
  readonly informer: Pick<Informer<ConfigMap>, 'list' | 'onChange' | 'hasSynced'>
  /** The name of this replica's first ConfigMap. */
  readonly ownName: string
  readonly clock: Clock
  readonly log: Logger
}

interface Heard {
  /** Wall clock, ms since the epoch. */
  readonly at: number
  /** The same moment by the monotonic clock. */
  readonly heardAt: number
  readonly gap: number
  readonly heartbeat: Heartbeat
  readonly run: string | undefined
  /** The replica that tells it, by the name of its first ConfigMap. */
  readonly by: string
}

export function createTold(deps: ToldDeps): Told {
  const { informer, ownName, clock, log } = deps
  const members = new Map<string, Heard>()
  /** When a ConfigMap was last seen to change, by the monotonic clock. */
  const rewrittenAt = new Map<string, number>()
  const unreadable = new Set<string>()
  const listeners: (() => void)[] = []

  function take(told: ToldSightings, by: string): void {
    for (const { member, age, gap, heartbeat, run } of told.members) {
      const heardAt = clock.monotonic() - age
      const known = members.get(member)
      if (known !== undefined && heardAt <= known.heardAt) continue
      // The same replica may repeat the same heartbeat; what another has told was another one.
      const since = known === undefined || known.by === by ? Infinity : heardAt - known.heardAt
      members.set(member, { at: clock.now() - age, heardAt, gap: Math.min(gap, since), heartbeat, run, by })
    }
    // What a replica that has gone told is kept as long as one that is here would repeat it.
    for (const [member, { heardAt }] of members)
      if (clock.monotonic() - heardAt > oldestSighting) members.delete(member)
  }

  informer.onChange((change) => {
    const { name } = change.object.metadata
    if (change.type === 'deleted') {
      rewrittenAt.delete(name)
      unreadable.delete(name)
      return
    }
    // Somebody else's label would make what is old look as if it had just been said.
    if (!isRewritten(change)) return
    rewrittenAt.set(name, clock.monotonic())
    // What the first list shows may have been written at any time; a replica that lives writes again soon.
    const by = firstPartOf(name)
    if (by === ownName || !informer.hasSynced()) return
    const told = decodeSightings(change.object)
    if (told === undefined) {
      if (!unreadable.has(name)) log.warn({ configMap: name }, 'cannot read what another replica tells')
      unreadable.add(name)
      return
    }
    take(told, by)
    for (const listener of listeners) listener()
  })

  return {
    contact(uid) {
      const heard = members.get(memberId(uid))
      if (heard === undefined) return undefined
      const { at, heardAt, gap, heartbeat } = heard
      return { at, age: clock.monotonic() - heardAt, gap, heartbeat }
    },
    run(uid) {
      const { run, heardAt } = members.get(memberId(uid)) ?? {}
      return run === undefined || heardAt === undefined ? undefined : { run, age: clock.monotonic() - heardAt }
    },
    hasOthers: () => [...rewrittenAt.keys()].some((name) => firstPartOf(name) !== ownName),
    silentFor: (ms) =>
      informer.list().filter(({ metadata }) => {
        const since = rewrittenAt.get(metadata.name)
        return since !== undefined && clock.monotonic() - since >= ms
      }),
    onNews(listener) {
      listeners.push(listener)
    },
  }
}

function isRewritten(change: Exclude<InformerChange<ConfigMap>, { type: 'deleted' }>): boolean {
  if (change.type === 'added') return true
  const { previous, object } = change
  return (
    previous.data?.['written'] !== object.data?.['written'] ||
    previous.binaryData?.['members'] !== object.binaryData?.['members']
  )
}
