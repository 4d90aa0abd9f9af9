/** Removes the ConfigMaps of replicas that have gone without doing so. It runs in the leader alone. */
import type { KubeClient } from '../../kube/client.ts'
import { isConflict } from '../../kube/errors.ts'
import { type ConfigMap, configMapKind, keyOf } from '../../kube/objects.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import type { Told } from './told.ts'

export interface CollectorDeps {
  readonly client: Pick<KubeClient, 'delete'>
  readonly told: Pick<Told, 'silentFor'>
  readonly clock: Clock
  readonly log: Logger
}

/** Not rewritten for so long, a ConfigMap tells of nobody that is still heard; its replica may make it anew. Milliseconds. */
const abandonedAfter = 10 * 60_000
const lookEvery = 60_000

/** Collects until aborted. */
export async function collectSightings(deps: CollectorDeps, signal: AbortSignal): Promise<void> {
  while (true) {
    await deps.clock.sleep(lookEvery, signal).catch(() => undefined)
    if (signal.aborted) return
    for (const configMap of deps.told.silentFor(abandonedAfter)) await collect(deps, configMap)
  }
}

async function collect({ client, log }: CollectorDeps, { metadata }: ConfigMap): Promise<void> {
  const { name, resourceVersion } = metadata
  try {
    // Bound to the version that was seen: a replica that has just spoken again is not silenced.
    if (await client.delete(configMapKind, keyOf({ metadata }), { resourceVersion }))
      log.info({ configMap: name }, 'removed what a replica told that has gone')
  } catch (err) {
    if (isConflict(err)) log.debug({ err, configMap: name }, 'a replica tells again')
    else log.warn({ err, configMap: name }, 'cannot remove what a replica told that has gone')
  }
}
