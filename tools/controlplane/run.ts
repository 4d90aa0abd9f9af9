/** Runs a program to its end and gives what it printed. */
import { spawn } from 'node:child_process'

export interface Finished {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

/** Never throws on a non-zero exit; throws when the program cannot be started. A program ended by a signal has -1. */
export async function run(
  command: string,
  args: readonly string[],
  options: { input: string; env: NodeJS.ProcessEnv },
): Promise<Finished> {
  const child = spawn(command, args, { env: options.env, stdio: ['pipe', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  // A program that ends without having read its input breaks the pipe; its exit code says what happened.
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.input)
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? -1))
  })
  return { stdout, stderr, exitCode }
}
