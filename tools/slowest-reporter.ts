/** A reporter of node:test that names the slowest tests when all have run. */
import type { TestEvent } from 'node:test/reporters'

const shown = 10

export default async function* slowest(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const tests: { readonly name: string; readonly ms: number }[] = []
  for await (const { type, data } of events) {
    // A suite lasts as long as its tests; only the tests themselves say where the time goes.
    if ((type === 'test:pass' || type === 'test:fail') && data.details.type !== 'suite')
      tests.push({ name: data.name, ms: data.details.duration_ms })
  }
  const slow = tests.toSorted((a, b) => b.ms - a.ms).slice(0, shown)
  yield `the ${slow.length} slowest tests:\n`
  for (const { name, ms } of slow) yield `${(ms / 1000).toFixed(1).padStart(7)} s  ${name}\n`
}
