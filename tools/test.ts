/**
 * `npm test`: the checks of the code, then the unit tests, then the end-to-end tests on real control planes.
 * `npm run test:long`: what takes longer. Arguments name test files to run instead. Stops at the first step that fails.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildProgram } from './bundle/build-program.ts'
import { lenderVariable } from './controlplane/borrow.ts'
import { startLender } from './controlplane/lender.ts'
import { ensurePrograms } from './programs/binaries.ts'
import { type ProgramName, programs } from './programs/sources.ts'
import { programVariable } from './role-process.ts'

interface Step {
  readonly title: string
  readonly command: string
  readonly args: readonly string[]
}

const root = join(import.meta.dirname, '..')
const bin = (name: string) => join(root, 'node_modules/.bin', name)
/** Hundreds of processes start: what V8 has compiled once is kept for the next of them. */
const environment = { ...process.env, NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compiled') }
/** A test that takes longer hangs. Milliseconds. */
const hangLimit = 180_000
const hangLimitOfLongTests = 2_700_000

const checks: readonly Step[] = [
  { title: 'types', command: bin('tsc'), args: [] },
  { title: 'lint', command: bin('oxlint'), args: ['--type-aware', '--deny-warnings', '--quiet'] },
  { title: 'format', command: bin('biome'), args: ['check', '--reporter=summary'] },
  { title: 'generated files', command: process.execPath, args: ['tools/gen.ts', '--check'] },
]

function tests(title: string, files: readonly string[], options: { concurrency: number; limit: number }): Step {
  const reporters = ['spec', './tools/slowest-reporter.ts']
  const args = [
    '--test',
    `--test-concurrency=${options.concurrency}`,
    `--test-timeout=${options.limit}`,
    ...reporters.flatMap((reporter) => [`--test-reporter=${reporter}`, '--test-reporter-destination=stdout']),
    ...files,
  ]
  return { title, command: process.execPath, args }
}

/** The same step, which leaves the machine to those that are less nice and want it at the same time. */
function patient({ title, command, args }: Step, niceness: number): Step {
  return { title, command: 'nice', args: ['-n', String(niceness), command, ...args] }
}

/** The test files below these folders. */
function filesOf(...folders: readonly string[]): readonly string[] {
  const files = globSync(
    folders.map((folder) => `test/${folder}/**/*.test.ts`),
    { cwd: root },
  )
  // Without a file, node would run every test that it finds.
  if (files.length === 0) throw new Error(`there is no test in ${folders.join(' or ')}`)
  return files
}

/** Whether the step passed. */
async function run({ title, command, args }: Step, env: NodeJS.ProcessEnv = environment): Promise<boolean> {
  const startedAt = performance.now()
  console.log(`\n== ${title}`)
  const [exitCode] = (await once(spawn(command, args, { cwd: root, stdio: 'inherit', env }), 'close')) as [
    number | null,
  ]
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(`== ${title}: ${exitCode === 0 ? 'passed' : 'FAILED'} in ${seconds} s`)
  return exitCode === 0
}

/** Whether all passed; those after one that failed are not run. */
async function runAll(steps: readonly Step[]): Promise<boolean> {
  for (const step of steps) if (!(await run(step))) return false
  return true
}

/**
 * Runs these side by side. Their test files run in processes of their own, borrow control planes from this one, and start the
 * program as users run it.
 */
async function runOnControlPlanes(...steps: readonly Step[]): Promise<boolean> {
  const program = await buildProgram()
  const lender = await startLender()
  const env = { ...environment, [lenderVariable]: lender.socket, [programVariable]: program }
  let passed: readonly boolean[] = []
  let clashes: readonly string[]
  try {
    passed = await Promise.all(steps.map(async (step) => run(step, env)))
  } finally {
    clashes = await lender.stop()
  }
  for (const clash of clashes) console.error(`${clash}: one of them needs another name`)
  return passed.every(Boolean) && clashes.length === 0
}

async function runUsual(): Promise<boolean> {
  const unit = tests('unit tests and the model', filesOf('unit', 'model'), { concurrency: 2, limit: hangLimit })
  // One more than the cores that they are made for: they wait for heartbeats half of the time.
  const endToEnd = tests('end-to-end tests', filesOf('e2e'), { concurrency: 3, limit: hangLimit })
  return (await runAll([...checks, unit])) && (await runOnControlPlanes(endToEnd))
}

async function runLong(): Promise<boolean> {
  const options = { concurrency: 1, limit: hangLimitOfLongTests }
  const model = filesOf('long/model')
  const week = filesOf('long/week')
  const others = filesOf('faults', 'long').filter((file) => !week.includes(file) && !model.includes(file))
  // The week is one process, and takes as long as the others in turn. It would be waited for alone at the end, as the last of
  // them or where each of their many processes got as much of the machine. The model takes what nobody else wants.
  return runOnControlPlanes(
    tests('a week', week, options),
    patient(tests('the other long tests', others, options), 5),
    patient(tests('the model, for long', model, options), 15),
  )
}

async function runChosen(files: readonly string[]): Promise<boolean> {
  return runOnControlPlanes(tests('chosen tests', files, { concurrency: 1, limit: hangLimitOfLongTests }))
}

const { values, positionals } = parseArgs({ options: { long: { type: 'boolean' } }, allowPositionals: true })
// Once, here: the test files start in parallel and would each show the progress of a build.
await ensurePrograms(Object.keys(programs) as ProgramName[], console.log)
const hasPassed = await (positionals.length > 0 ? runChosen(positionals) : values.long ? runLong() : runUsual())
process.exitCode = hasPassed ? 0 : 1
