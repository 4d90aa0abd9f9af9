/**
 * The metrics of one process, in one registry that is its own. It knows how they are named and shown; what is counted is
 * told through the interfaces of `lib/metrics.ts`, and nothing here decides by it.
 */
import { collectDefaultMetrics, Registry } from 'prom-client'
import type { Clock } from '../lib/clock.ts'
import type { PrimaryMetrics, RequestMetrics, RoleMetrics, SecondaryMetrics } from '../lib/metrics.ts'
import { createInstruments } from './instruments.ts'
import { createPrimaryMetrics } from './primary-metrics.ts'
import { createRoleMetrics } from './role-metrics.ts'
import { createSecondaryMetrics } from './secondary-metrics.ts'

/** What a scrape gets. */
export interface Exposition {
  readonly contentType: string
  text(): Promise<string>
  /** Begins the metric of readiness; once. `isReady` is asked at each scrape. */
  readiness(isReady: () => boolean): void
}

export interface Metrics extends Exposition {
  /** Begins the metrics that both roles have; once, where the process does not just stand idle. */
  role(): RoleMetrics & RequestMetrics
  /** Begins the metrics of a primary; once. */
  primary(): PrimaryMetrics
  /** Begins the metrics of a secondary; once. */
  secondary(): SecondaryMetrics
}

/** Gauges with a counter's suffix, which promtool complains of; each only sums up another one. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total']

export function createMetrics(options: {
  readonly role: string
  /** Of conjoin. */
  readonly version: string
  readonly clock: Pick<Clock, 'monotonic'>
}): Metrics {
  const registry = new Registry()
  // Both roles may live in one namespace, behind one Service.
  registry.setDefaultLabels({ role: options.role })
  collectDefaultMetrics({ register: registry })
  for (const name of misnamed) registry.removeSingleMetric(name)
  const instruments = createInstruments(registry, options.clock)
  instruments.gauge(
    { name: 'conjoin_build_info', help: 'Always 1; the version that runs.', labels: ['version'] },
    () => [[1, { version: options.version }]],
  )
  return {
    role: () => createRoleMetrics(instruments),
    primary: () => createPrimaryMetrics(instruments),
    secondary: () => createSecondaryMetrics(instruments),
    readiness: (isReady) =>
      instruments.gauge({ name: 'conjoin_ready', help: 'Whether /readyz says ok.' }, () => [[Number(isReady()), {}]]),
    contentType: registry.contentType,
    text: async () => registry.metrics(),
  }
}
