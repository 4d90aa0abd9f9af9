/** Gathers everything that a diagnosis of one cluster looks at. It decides nothing, and changes nothing. */
import type { KubeClient } from '../../../kube/client.ts'
import { namespaceKind } from '../../../kube/objects.ts'
import type { Clock } from '../../../lib/clock.ts'
import type { Observation } from '../observation.ts'
import { findPlaces, type Places } from './places.ts'
import { viewPrimary } from './primary-view.ts'
import { createReader, mapped } from './reader.ts'
import { viewSecondary } from './secondary-view.ts'
import { serverTime } from './server-clock.ts'

export interface ObserveDeps {
  readonly client: Pick<KubeClient, 'get' | 'list' | 'create'>
  readonly clock: Pick<Clock, 'now' | 'sleep'>
}

/** Throws `KubeApiError` where the API server does not answer; what it forbids is in `unread`. */
export async function observe({ client, clock }: ObserveDeps, named: Partial<Places>): Promise<Observation> {
  const reader = createReader(client)
  const places = await findPlaces(reader, named)
  const machine = clock.now()
  const now = (await serverTime(client)) ?? machine
  const deps = { client, reader, clock, now }
  const [system, primary, secondary] = await Promise.all([
    reader.get(namespaceKind, { name: 'kube-system' }),
    viewPrimary(deps, places),
    viewSecondary(deps, places.secondary),
  ])
  const uid = mapped(system, (namespace) => namespace?.metadata.uid)
  return { now, skew: machine - now, uid, primary, secondary, unread: reader.unread() }
}
