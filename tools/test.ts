/**
 * `npm test`: the checks of the code, then the unit tests, then the end-to-end tests on real control planes. Arguments
 * name test files to run instead of all of them. Stops at the first step that fails, with its exit code.
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBinaries } from './controlplane/binaries.ts'

interface Step {
  readonly title: string
  readonly command: string
  readonly args: readonly string[]
}

const root = join(import.meta.dirname, '..')
const bin = (name: string) => join(root, 'node_modules/.bin', name)
/** A test that takes longer hangs. Milliseconds. */
const hangLimit = 180_000

const checks: readonly Step[] = [
  { title: 'types', command: bin('tsc'), args: [] },
  { title: 'lint', command: bin('oxlint'), args: ['--type-aware', '--deny-warnings', '--quiet'] },
  { title: 'format', command: bin('biome'), args: ['check', '--reporter=summary'] },
  { title: 'generated files', command: process.execPath, args: ['tools/gen.ts', '--check'] },
]

function tests(title: string, files: readonly string[], concurrency: number): Step {
  const args = ['--test', `--test-concurrency=${concurrency}`, `--test-timeout=${hangLimit}`, ...files]
  return { title, command: process.execPath, args }
}

/** Ends this process where the step fails. */
function run({ title, command, args }: Step): void {
  const startedAt = performance.now()
  console.log(`\n== ${title}`)
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  if (error !== undefined) throw error
  console.log(`== ${title}: ${status === 0 ? 'passed' : 'FAILED'} in ${seconds} s`)
  if (status !== 0) process.exit(status ?? 1)
}

const chosen = process.argv.slice(2)
// Once, here: the test files start in parallel and would each show the progress of a build.
await ensureBinaries(['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl'], console.log)
if (chosen.length > 0) run(tests('chosen tests', chosen, 1))
else {
  for (const check of checks) run(check)
  run(tests('unit tests', globSync('test/unit/**/*.test.ts', { cwd: root }), 2))
  run(tests('end-to-end tests', globSync('test/e2e/**/*.test.ts', { cwd: root }), 2))
}
