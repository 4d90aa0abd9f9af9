/**
 * Runs the model from a shell: `--seed N` runs one seed and prints its trace, `--from N --count M` looks for the first of
 * many that breaks a law. Exits 1 where one is broken.
 */
import { parseArgs } from 'node:util'
import { firstBroken, reportOf } from './check.ts'
import { run } from './run.ts'

const { values } = parseArgs({
  options: { seed: { type: 'string' }, from: { type: 'string' }, count: { type: 'string' } },
})
const print = (text: string) => process.stdout.write(`${text}\n`)

if (values.seed === undefined) {
  const seeds = { from: Number(values.from ?? 1), count: Number(values.count ?? 100) }
  const found = await firstBroken(seeds)
  if (found !== undefined) print(await reportOf(found.seed, found.outcome))
  process.exitCode = found === undefined ? 0 : 1
} else {
  const { broken, trace } = await run({ seed: Number(values.seed) })
  print([...trace, ...broken.map((law) => `BROKEN: ${law}`)].join('\n'))
  process.exitCode = broken.length === 0 ? 0 : 1
}
