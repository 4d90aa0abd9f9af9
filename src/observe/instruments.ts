/** The instruments that the metrics are made of, bound to one registry and one clock. Knows no metric by name. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Clock } from '../lib/clock.ts'

type Labels<Name extends string> = Readonly<Record<Name, string>>

/** What a gauge shows: with labels, one line for each reading. */
export type Reading<Name extends string> = readonly [value: number, labels: Labels<Name>]

interface Description<Name extends string> {
  readonly name: string
  readonly help: string
  readonly labels?: readonly Name[]
}

export interface Instruments {
  readonly counter: <Name extends string = never>(description: Description<Name>) => Counter<Name>
  /** Asks for its readings at each scrape, and forgets the ones before. */
  readonly gauge: <Name extends string = never>(
    description: Description<Name>,
    read: () => readonly Reading<Name>[],
  ) => void
  /** Seconds. Starting it gives the function that ends the measurement. */
  readonly stopwatch: <Name extends string = never>(
    description: Description<Name>,
  ) => (labels: Labels<Name>) => () => void
}

/** Seconds: from an answer out of a cache to a request that is given up. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export function createInstruments(registry: Registry, clock: Pick<Clock, 'monotonic'>): Instruments {
  const placed = <Name extends string>({ name, help, labels = [] }: Description<Name>) => ({
    name,
    help,
    labelNames: labels,
    registers: [registry],
  })
  return {
    counter: (description) => new Counter(placed(description)),
    gauge<Name extends string>(description: Description<Name>, read: () => readonly Reading<Name>[]) {
      const gauge = new Gauge({
        ...placed(description),
        collect() {
          gauge.reset()
          // One without labels is zero now, which is a reading where nothing is known.
          if (description.labels === undefined) gauge.remove()
          for (const [value, labels] of read()) gauge.set(labels, value)
        },
      })
    },
    stopwatch(description) {
      const histogram = new Histogram({ ...placed(description), buckets })
      return (labels) => {
        const startedAt = clock.monotonic()
        return () => histogram.observe(labels, (clock.monotonic() - startedAt) / 1000)
      }
    },
  }
}
