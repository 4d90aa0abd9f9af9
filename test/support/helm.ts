/** The real helm, with a home of its own, so that nothing of the machine's user comes into a test. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { ClusterAccess } from '../../tools/controlplane/access.ts'
import { type Finished, run } from '../../tools/controlplane/run.ts'
import { ensurePrograms } from '../../tools/programs/binaries.ts'

export const chart = join(import.meta.dirname, '../../charts/conjoin')

/** Values as `--set` writes them: `{'primary.enabled': 'true'}`. */
export type Values = Readonly<Record<string, string>>

/** Runs helm on a control plane; never throws on a non-zero exit. */
export async function tryHelm(controlPlane: ClusterAccess, args: readonly string[], input = ''): Promise<Finished> {
  const { helm } = await ensurePrograms(['helm'], console.error)
  const home = join(controlPlane.dir, 'helm')
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    HELM_CACHE_HOME: home,
    HELM_CONFIG_HOME: home,
    HELM_DATA_HOME: home,
    KUBECONFIG: controlPlane.kubeconfig,
  }
  return run(helm, args, { input, env })
}

/** Gives helm's standard output; a failure of helm fails the test with its words. */
export async function helm(controlPlane: ClusterAccess, args: readonly string[], input = ''): Promise<string> {
  const result = await tryHelm(controlPlane, args, input)
  assert.equal(result.exitCode, 0, `helm ${args.join(' ')}: ${result.stderr}`)
  return result.stdout
}

export function setting(values: Values): string[] {
  return Object.entries(values).flatMap(([name, value]) => ['--set', `${name}=${value}`])
}
