/** The cache of the ConfigMaps of sightings, fed by a test: as an informer shows them, and nothing of its requests. */
import { encodeSightings, type Sighting, sightingsName } from '../../../../src/api/sightings.ts'
import type { ConfigMap } from '../../../../src/kube/objects.ts'
import { type InformerChange, Store } from '../../../../src/kube/store.ts'
import { noon } from '../objects.fixture.ts'

export const healthy = { versions: { operator: '0.1.0', kubernetes: 'v1.36.3' }, health: 'ok' }

export const seen = (
  uid: string,
  age: number,
  heartbeat: Sighting['heartbeat'] = healthy,
  gap = Infinity,
  run = 'run1',
): Sighting => ({
  uid,
  age,
  gap,
  heartbeat,
  run,
})

export function cachedConfigMaps() {
  const store = new Store<ConfigMap>({})
  const listeners: ((change: InformerChange<ConfigMap>) => void)[] = []
  let version = 100
  let synced = true
  const tell = (changes: readonly InformerChange<ConfigMap>[]) => {
    for (const change of changes) for (const listener of listeners) listener(change)
  }
  const put = (replica: string, content: Partial<ConfigMap>, part = 0) => {
    version += 1
    const name = sightingsName(replica, part)
    const metadata = { namespace: 'conjoin-system', name, uid: `object-${name}`, resourceVersion: String(version) }
    tell(store.put({ ...content, metadata }))
  }
  return {
    informer: {
      list: () => store.list(),
      hasSynced: () => synced,
      onChange: (listener: (change: InformerChange<ConfigMap>) => void) => listeners.push(listener),
    },
    /** Stores these as what the first list shows. */
    first(fill: () => void) {
      synced = false
      fill()
      synced = true
    },
    put,
    /** A replica writes what it has heard; its wall clock is wrong by years. */
    write: (replica: string, sightings: readonly Sighting[], written = noon - 1e11, part = 0) =>
      put(replica, encodeSightings(replica, written, sightings), part),
    remove(replica: string) {
      const gone = store.list().find(({ metadata }) => metadata.name === sightingsName(replica))
      if (gone !== undefined) tell(store.remove(gone))
    },
  }
}
