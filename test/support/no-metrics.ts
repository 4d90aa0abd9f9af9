/** Metrics that count nothing: nobody scrapes a simulated world. */
import type { PrimaryMetrics, RoleMetrics, SecondaryMetrics } from '../../src/lib/metrics.ts'

const nothing = () => {}

export const noMetrics: RoleMetrics &
  Omit<PrimaryMetrics, 'observe'> &
  Omit<SecondaryMetrics, 'observe'> & {
    readonly observe: () => void
  } = {
  reconcile: () => nothing,
  queue: nothing,
  listed: nothing,
  watched: nothing,
  leads: nothing,
  asked: () => nothing,
  answered: nothing,
  limited: nothing,
  tokenUsed: nothing,
  joining: () => nothing,
  beat: nothing,
  observe: nothing,
}
