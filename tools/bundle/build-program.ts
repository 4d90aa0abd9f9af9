/** Builds what users run, for those who run it here: the bench, and tests that start the program hundreds of times. */
import { join } from 'node:path'
import { run } from '../controlplane/run.ts'

const root = join(import.meta.dirname, '../..')

/** The path of the bundle, from the sources as they are. Throws with what the build says. */
export async function buildProgram(): Promise<string> {
  const build = [join(root, 'tools/build.ts')]
  const { exitCode, stderr } = await run(process.execPath, build, { input: '', env: process.env })
  if (exitCode !== 0) throw new Error(`the program could not be built: ${stderr.trim()}`)
  return join(root, 'dist/conjoin.mjs')
}
