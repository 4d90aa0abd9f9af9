/** The tombstones of a primary over an API server in memory. */
import type { EventInput } from '../../../../src/kube/events.ts'
import { configMapKind } from '../../../../src/kube/objects.ts'
import { createTombstones, tombstonesName } from '../../../../src/primary/cluster/tombstones.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { createMemoryApi } from '../memory-api.fixture.ts'
import { at, namespace, noon } from '../objects.fixture.ts'

export const day = 24 * 3_600_000
export const east = { uid: 'uid-east', keyId: 'key-east', name: 'east', at: noon, isAcknowledged: false }

export async function world() {
  const api = createMemoryApi()
  const clock = createManualClock({ now: noon })
  const told: EventInput[] = []
  const events = { record: (event: EventInput) => told.push(event) }
  const tombstones = createTombstones({
    client: api.client,
    informer: api.cache(configMapKind),
    events,
    namespace,
    clock,
  })
  await tombstones.prepare()
  api.sync()
  return {
    api,
    clock,
    tombstones,
    told,
    data: () => api.stored(configMapKind, tombstonesName, namespace)?.data ?? {},
    /** As if these had been stored long ago, or by a user. */
    fill: (data: Record<string, string>) =>
      api.put(configMapKind, { metadata: { name: tombstonesName, namespace }, data }),
  }
}
export const entry = (fields: { at?: number }) => JSON.stringify({ name: 'x', time: at(fields.at ?? noon) })
