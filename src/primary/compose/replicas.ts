/** Composes what replicas tell each other: whom each has heard. The leader reads it, and removes what nobody tells any more. */
import type { Confirmation } from '../heartbeat/confirmation.ts'
import { collectSightings } from '../sightings/collector.ts'
import { tellSightings } from '../sightings/teller.ts'
import type { Core } from './core.ts'
import type { OperatorDeps } from './deps.ts'

export function composeReplicas(deps: OperatorDeps, core: Core, confirmation: Pick<Confirmation, 'told'>) {
  const { client, clock, log } = deps
  const { informers, told, sightings, followed, interval } = core
  let isLeading = false
  /** The leader reads what is told. It tells in turn where another one may come to lead. */
  const hasReader = () => !isLeading || told.hasOthers()
  return {
    /** In every replica, until aborted. */
    async tell(signal: AbortSignal): Promise<void> {
      await tellSightings({ ...deps, namespace: deps.identityNamespace, sightings, hasReader, interval }, signal)
    },
    /** In the leader, until aborted. */
    async lead(signal: AbortSignal): Promise<void> {
      isLeading = true
      sightings.beginJudging()
      followed.beginJudging()
      told.onNews(() => {
        confirmation.told(informers.clusters.list()).catch((err: unknown) => {
          log.error({ err }, 'cannot judge what other replicas tell')
        })
      })
      await collectSightings({ client, told, clock, log }, signal)
    },
  }
}
