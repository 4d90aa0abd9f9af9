/**
 * `npm run bench [-- section…] [--quick] [--save]`: measures, prints what it finds, and keeps it below `.conjoin/bench`;
 * with --save in the documentation instead. Exit code 1 only where something could not be measured: a budget that is
 * missed is a result like any other.
 */
import { join } from 'node:path'
import { buildProgram } from '../tools/bundle/build-program.ts'
import { ensurePrograms } from '../tools/programs/binaries.ts'
import { quickSizes, type Request, readCommandLine, usualSizes } from './command-line.ts'
import type { Curve, Section } from './figures.ts'
import { quickPace, usualPace } from './pace.ts'
import { budgetTable } from './report/figure-rows.ts'
import { type Provenance, provenance } from './report/machine.ts'
import { curvesOf, type MeasuredSection, withSection } from './report/results.ts'
import { type ResultStore, resultStore } from './report/store.ts'
import { resultText, titledTableText } from './report/terminal.ts'
import { sections } from './sections/all.ts'

const root = join(import.meta.dirname, '..')
const docs = join(root, 'docs')
const startedAt = performance.now()

/** Prints a line with the time since the start. */
function step(text: string): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(`[${seconds.padStart(7)} s] ${text}`)
}

function storeOf({ isQuick, save }: Request): ResultStore {
  const directory = save ? docs : join(root, '.conjoin/bench', isQuick ? 'quick' : 'usual')
  return resultStore(directory, join(docs, 'benchmarks.md'))
}

async function measure(
  section: Section,
  {
    request,
    origin,
    program,
    curves,
  }: { request: Request; origin: Provenance; program: string; curves: readonly Curve[] },
): Promise<MeasuredSection> {
  const { name, question } = section
  console.log(`\n== ${name}: ${question}`)
  const [sizes, pace] = request.isQuick ? [quickSizes, quickPace] : [usualSizes, usualPace]
  const from = performance.now()
  const result = await section.run({ sizes, pace, program, curves, say: (line) => step(`${name}: ${line}`) })
  const seconds = (performance.now() - from) / 1000
  console.log(`\n${resultText(`${name}: figures`, result)}`)
  const { command } = request
  return { name, question, command, date: new Date().toISOString(), seconds, sizes, ...origin, result }
}

/** Resolves with the names of the sections that failed. */
async function main(): Promise<readonly string[]> {
  const request = readCommandLine(process.argv.slice(2), sections)
  // Before anything is built: the results are those of the sources as they are now.
  const origin = await provenance()
  await ensurePrograms(['etcd', 'kube-apiserver', 'kubectl', 'helm'], step)
  step('building the program')
  const program = await buildProgram()
  const store = storeOf(request)
  const order = sections.map(({ name }) => name)
  const failed: string[] = []
  let results = await store.read()
  for (const section of request.sections) {
    try {
      const measured = await measure(section, { request, origin, program, curves: curvesOf(results) })
      results = withSection(results, measured, order)
      // After each, so that what has been measured outlasts whatever happens to the next.
      await store.write(results)
    } catch (error) {
      failed.push(section.name)
      console.error(`\n${section.name} FAILED:`, error)
    }
  }
  if (results.length === 0) return failed
  console.log(`\n${titledTableText(budgetTable(results.flatMap(({ result }) => result.figures)))}`)
  step(`the results are in ${store.page} and the folder beside it`)
  return failed
}

try {
  const failed = await main()
  if (failed.length > 0) throw new Error(`could not be measured: ${failed.join(', ')}`)
} catch (error) {
  console.error(`\nThe bench failed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
