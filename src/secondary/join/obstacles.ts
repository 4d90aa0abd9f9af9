/**
 * Objects of somebody else under our names: they are not touched, and said in the log, in an Event and on /readyz until
 * they are gone.
 */
import { mcIdentityName } from '../../api/mc-identity.ts'
import type { Reason } from '../../api/reasons.ts'
import type { EventRecorder } from '../../kube/events.ts'
import type { Secret } from '../../kube/objects.ts'
import type { Logger } from '../../lib/logger.ts'
import { foreignBecause, type SecondaryObjects } from '../objects.ts'

export interface Obstacles {
  /** Looks at the objects as just read; true where one of them stands in the way. */
  stand(objects: SecondaryObjects, isIdentityDamaged: boolean): boolean
  current(): readonly string[]
}

const reason: Reason = 'SecretNotOurs'

export function createObstacles(deps: { events: EventRecorder; log: Logger }): Obstacles {
  let current: readonly string[] = []

  function tell(secret: Secret, what: string): void {
    if (current.includes(what)) return
    deps.log.error({ secret: secret.metadata.name, reason: what }, 'a Secret stands in the way')
    deps.events.record({ regarding: secret, type: 'Warning', reason, note: what })
  }

  return {
    stand({ status, clusterInfo, identity }, isIdentityDamaged) {
      const found = [status, clusterInfo, identity].flatMap((secret) => {
        const what = foreignBecause(secret) ?? (secret === identity && isIdentityDamaged ? damaged : undefined)
        return secret === undefined || what === undefined ? [] : [{ secret, what }]
      })
      for (const { secret, what } of found) tell(secret, what)
      current = found.map(({ what }) => what)
      return found.length > 0
    },
    current: () => current,
  }
}

const damaged = `the Secret ${mcIdentityName} holds no usable key; restore it, or delete it to get a new one`
