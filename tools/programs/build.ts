/**
 * Builds one program from Go modules, whose checksums are in the go.sum of its folder. Owns the compiler's arguments and
 * the progress lines; must not decide whether a build is needed, nor guard against a second one.
 */
import { spawn } from 'node:child_process'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Report } from './report.ts'
import { type Program, type ProgramName, programs } from './sources.ts'

/** Milliseconds between two progress lines: often enough for a person, seldom enough for the log of a CI run. */
const progressInterval = 15_000
/** How much of the compiler's output an error shows. */
const shownLines = 20

/**
 * Builds into `directory` and returns the program's path. The program appears there complete or not at all. Throws when
 * Go is missing or the compiler fails, with the compiler's last lines.
 */
export async function buildProgram(name: ProgramName, directory: string, report: Report): Promise<string> {
  await mkdir(directory, { recursive: true })
  const program: Program = programs[name]
  const unfinished = join(directory, `.${name}.${process.pid}`)
  const finished = join(directory, name)
  const title = `building ${name} ${program.version} from Go modules (about ${program.duration} on 2 cores)`
  const started = performance.now()
  report(`${title} …`)
  const progress = setInterval(() => report(`${title} … ${elapsed(started)}`), progressInterval)
  try {
    await compile(program, unfinished)
    await rename(unfinished, finished)
  } finally {
    clearInterval(progress)
    await rm(unfinished, { force: true })
  }
  report(`built ${name} ${program.version} in ${elapsed(started)}: ${finished}`)
  return finished
}

async function compile({ origin, package: main }: Program, output: string): Promise<void> {
  const linkerFlags = ['-s', '-w', ...origin.settings.map((setting) => `-X ${setting}`)].join(' ')
  const compiler = spawn('go', ['build', '-trimpath', '-ldflags', linkerFlags, '-o', output, main], {
    cwd: join(import.meta.dirname, origin.folder),
    env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let lines: string[] = []
  const keepLast = (chunk: string) => {
    lines = [...lines, ...chunk.split('\n').filter((line) => line !== '')].slice(-shownLines)
  }
  compiler.stdout.setEncoding('utf8').on('data', keepLast)
  compiler.stderr.setEncoding('utf8').on('data', keepLast)
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    compiler.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new Error('Go is not installed (no `go` in PATH)', { cause: error }) : error),
    )
    compiler.once('close', resolve)
  })
  if (exitCode !== 0) throw new Error(`go build failed with exit code ${exitCode}\n${lines.join('\n')}`)
}

function elapsed(since: number): string {
  const seconds = Math.round((performance.now() - since) / 1000)
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m ${seconds % 60}s`
}
