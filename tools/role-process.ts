/** A primary or a secondary as a process of its own, and its log. Knows how to start and end it, not what it does. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { nodeEnvironment, nodeFlags } from './bundle/node-flags.ts'

/** One line of the JSON log. */
export interface LogLine {
  readonly level: number
  readonly msg: string
  readonly [field: string]: unknown
}

export interface RoleProcess {
  readonly pid: number
  /** Everything printed so far, on both outputs. */
  output(): string
  /** The log lines so far. */
  lines(): readonly LogLine[]
  /** The first line, past or future, that matches. Rejects when the process ends or after `limitMs`. */
  logged(what: string, match: (line: LogLine) => boolean, limitMs?: number): Promise<LogLine>
  /** SIGTERM; resolves with the exit code, -1 after a signal. */
  stop(): Promise<number>
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>
  /** Resolves with the exit code, -1 after a signal. */
  readonly ended: Promise<number>
}

const root = join(import.meta.dirname, '..')
/** How long anything may take before it counts as hanging, milliseconds. */
const hangLimit = 60_000

/** Flags of the program, without their dashes. */
export type Flags = Readonly<Record<string, string>>

/** The program from its source. */
const sourceProgram = join(root, 'src/main.ts')
/** Names another file than the program's source: the bundle, as users run it, which starts at a third of the cost. */
export const programVariable = 'PROGRAM_UNDER_TEST'
export const usualProgram = process.env[programVariable] ?? sourceProgram

/** Starts the program in this role; `env` is added to this process's own environment. */
export function startRole(
  role: 'primary' | 'secondary',
  flags: Flags,
  env: Flags = {},
  program = usualProgram,
): RoleProcess {
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value])
  return startProgram([role, ...args], { ...process.env, ...env }, program)
}

/** Starts the program with these arguments, the first of which is the role, and with no other environment. */
export function startProgram(
  [role = '', ...args]: readonly string[],
  env: NodeJS.ProcessEnv,
  program = usualProgram,
): RoleProcess {
  // A bundle runs as it does where users run it.
  const [flags, settings] = program === sourceProgram ? [[], {}] : [nodeFlags, nodeEnvironment]
  const child = spawn(
    process.execPath,
    [...flags, '--import', join(root, 'tools/tether.mjs'), program, role, ...args],
    // The channel is the tether: it closes with this process.
    { env: { ...settings, ...env }, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
  )
  child.channel?.unref()
  const printed: string[] = []
  const lines: LogLine[] = []
  const listeners = new Set<(line: LogLine) => void>()
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue
    createInterface({ input: stream }).on('line', (text) => {
      printed.push(text)
      const line = parseLine(text)
      if (line === undefined) return
      lines.push(line)
      for (const listener of listeners) listener(line)
    })
  }
  const ended = endOf(child)

  async function logged(what: string, match: (line: LogLine) => boolean, limitMs = hangLimit): Promise<LogLine> {
    const known = lines.find(match)
    if (known !== undefined) return known
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        clearTimeout(timer)
        listeners.delete(listener)
        settle()
      }
      const fail = (why: string) =>
        finish(() =>
          reject(new Error(`${what}: ${why}. The last lines of the ${role}:\n${printed.slice(-15).join('\n')}`)),
        )
      const listener = (line: LogLine) => {
        if (match(line)) finish(() => resolve(line))
      }
      const timer = setTimeout(() => fail(`not seen within ${limitMs / 1000} s`), limitMs)
      listeners.add(listener)
      void ended.then((code) => fail(`the process ended with ${code}`))
    })
  }

  async function end(signal: NodeJS.Signals): Promise<number> {
    child.kill(signal)
    return ended
  }

  return {
    pid: child.pid ?? -1,
    output: () => printed.join('\n'),
    lines: () => lines,
    logged,
    stop: async () => end('SIGTERM'),
    async kill() {
      await end('SIGKILL')
    },
    ended,
  }
}

async function endOf(child: ChildProcess): Promise<number> {
  const [code] = (await once(child, 'close')) as [number | null]
  return code ?? -1
}

function parseLine(text: string): LogLine | undefined {
  try {
    const line = JSON.parse(text) as LogLine
    return typeof line.msg === 'string' ? line : undefined
  } catch {
    return undefined
  }
}
