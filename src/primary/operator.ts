/**
 * The primary as a whole: composes its parts, each of which is composed in a file of `compose`, and runs them in their
 * order. It decides nothing.
 */
import { kubeSystemUid } from '../kube/cluster-uid.ts'
import { leaseDurationMs, runAsLeader } from '../kube/leader.ts'
import { tellLeading } from '../kube/observed.ts'
import { followReach } from '../kube/reach.ts'
import { composeControllers } from './compose/controllers.ts'
import { composeCore } from './compose/core.ts'
import type { OperatorDeps } from './compose/deps.ts'
import { composeFront } from './compose/front.ts'
import { composeJoins } from './compose/joins.ts'
import { composeMembers } from './compose/members.ts'
import { composeReplicas } from './compose/replicas.ts'
import { stateOf } from './observed.ts'
import { assertOwnDefinitions } from './preflight.ts'
import { reasonsNotReady } from './readiness.ts'

export interface Operator {
  /** Works until aborted. Throws where it cannot start, and where it lost the lease. */
  run(signal: AbortSignal): Promise<void>
  /** Why /readyz is not ok; empty when ready. */
  readonly notReady: () => readonly string[]
}

export function createOperator(deps: OperatorDeps): Operator {
  let primary: Primary | undefined
  let stop: AbortSignal | undefined
  return {
    notReady: () => (stop?.aborted === true ? ['stopping'] : (primary?.notReady() ?? ['starting'])),
    async run(signal) {
      stop = signal
      await assertOwnDefinitions(deps.client)
      primary = compose(deps, await kubeSystemUid(deps.client))
      // Caches and the key outlive the stop, until the last request is answered.
      const end = new AbortController()
      const background = [primary.informers.run(end.signal)]
      try {
        await primary.informers.synced(signal)
        await primary.prepare()
        background.push(primary.runInEvery(end.signal))
        const server = await primary.open()
        background.push(primary.follow(end.signal))
        try {
          await lead(deps, primary, signal)
        } finally {
          await server.close()
        }
      } finally {
        end.abort()
        await Promise.all(background)
        await primary.flush()
      }
    },
  }
}

/** Every replica serves; the leader alone reconciles. */
async function lead(deps: OperatorDeps, primary: Primary, signal: AbortSignal): Promise<void> {
  const { client } = primary.reach
  const election = { ...deps, client, namespace: deps.identityNamespace, lease: 'conjoin-primary' }
  const outcome = await runAsLeader(
    election,
    tellLeading(async (leading) => primary.runLeading(leading), deps.metrics),
    signal,
  )
  if (outcome === 'lost') throw new Error('lost the lease of the leader; another replica may be working already')
}

type Primary = ReturnType<typeof compose>

/** Builds everything and connects it; nothing runs yet. */
function compose(deps: OperatorDeps, uid: string) {
  const core = composeCore(deps, { uid, onKeys: () => controllers.wakeAll() })
  const front = composeFront(deps, core)
  const controllers = composeControllers(deps, core, front.renewal)
  const members = composeMembers(deps, core, controllers.wakeCluster)
  const joins = composeJoins(deps, core, front.spki)
  const replicas = composeReplicas(deps, core, members.confirmation)
  const reach = followReach(deps.client, deps.clock)
  // After this long another replica leads, and what this one hears from members it can tell nobody.
  const outage = () => (reach.silence() < leaseDurationMs ? undefined : 'the primary cannot reach its API server')

  const { informers, tombstones, identity, events } = core
  deps.metrics.observe(() => stateOf(informers.clusters.list(), informers.tombstones.list(), identity.isLost()))
  return {
    informers,
    prepare: async () => tombstones.prepare(),
    /** What every replica does, whoever leads, until aborted. */
    async runInEvery(signal: AbortSignal): Promise<void> {
      await Promise.all([controllers.identity.run(signal), replicas.tell(signal)])
    },
    open: async () => front.open({ members, joins, outage }),
    follow: async (signal: AbortSignal) => front.follow(signal),
    reach,
    async runLeading(signal: AbortSignal): Promise<void> {
      await Promise.all([replicas.lead(signal), controllers.runLeading(signal)])
    },
    notReady: () => reasonsNotReady(outage(), informers, identity),
    async flush(): Promise<void> {
      joins.journal.flush()
      await events.flush()
    },
  }
}
