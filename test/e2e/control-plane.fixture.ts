/** What the tests of the test bed share: waiting for the outside world, and processes of their own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** Where the modules under test are, for scripts that import them. */
export const sources = join(import.meta.dirname, '../../tools/controlplane')
export const programs = join(import.meta.dirname, '../../tools/programs')

/** Against hanging only: nothing here is expected to take long. */
const hangLimit = 60_000

/** Waits for a condition of the outside world. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + hangLimit
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`after ${hangLimit / 1000} s still not: ${String(condition)}`)
    await delay(20)
  }
}

/** Ids of the processes whose command line names `text`. */
export async function processesNaming(text: string): Promise<number[]> {
  const ids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))
  const commandLines = await Promise.all(
    ids.map(async (id) => ({ id: Number(id), line: await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '') })),
  )
  return commandLines.filter(({ line }) => line.includes(text)).map(({ id }) => id)
}

/** A Node process of its own that runs `code`, a module. Its output is collected in `text`. */
export function runScript(
  code: string,
  env: NodeJS.ProcessEnv = process.env,
): { child: ChildProcess; text: () => string } {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
  }
  return { child, text: () => text }
}
