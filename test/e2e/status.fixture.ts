/**
 * A shell as a user has it who looks after two clusters: `kubectl` with the plugin `conjoin`, and a kubeconfig with one
 * context for each cluster. What a command prints for copying is run here as it stands.
 */
import { chmod, mkdtemp, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ControlPlane } from '../../tools/controlplane/control-plane.ts'
import { type Finished, run } from '../../tools/controlplane/run.ts'
import { ensurePrograms } from '../../tools/programs/binaries.ts'
import { writeContexts } from '../support/cli.ts'

export interface Shell {
  /** Runs a command line; never throws on a non-zero exit. */
  run(commandLine: string): Promise<Finished>
}

const main = join(import.meta.dirname, '../../src/main.ts')

/** The contexts are named like the control planes. */
export async function createShell(first: ControlPlane, second: ControlPlane): Promise<Shell> {
  const directory = await mkdtemp(join(first.dir, 'shell-'))
  const { kubectl: program } = await ensurePrograms(['kubectl'], () => undefined)
  await symlink(program, join(directory, 'kubectl'))
  const plugin = join(directory, 'kubectl-conjoin')
  await writeFile(plugin, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`)
  await chmod(plugin, 0o755)
  const kubeconfig = await writeContexts(join(directory, 'config'), [first, second])
  const env = {
    ...process.env,
    PATH: `${directory}:${process.env['PATH']}`,
    KUBECONFIG: kubeconfig,
    KUBECACHEDIR: join(directory, 'cache'),
  }
  return { run: async (commandLine) => run('sh', ['-c', commandLine], { input: '', env }) }
}
