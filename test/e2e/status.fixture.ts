/**
 * A shell as a user has it who looks after two clusters: `kubectl` with the plugin `conjoin`, and a kubeconfig with one
 * context for each cluster. What a command prints for copying is run here as it stands.
 */
import assert from 'node:assert/strict'
import { chmod, mkdtemp, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Finding, Report } from '../../src/cli/diagnosis/report.ts'
import type { ClusterAccess } from '../../tools/controlplane/access.ts'
import { type Finished, run } from '../../tools/controlplane/run.ts'
import { ensurePrograms } from '../../tools/programs/binaries.ts'
import type { RoleProcess } from '../../tools/role-process.ts'
import { usualProgram } from '../../tools/role-process.ts'
import { writeContexts } from '../support/cli.ts'
import type { Scene } from '../support/scene.ts'

export interface Shell {
  /** Runs a command line; never throws on a non-zero exit. */
  run(commandLine: string): Promise<Finished>
}

/** The contexts are named like the control planes. */
export async function createShell(first: ClusterAccess, second: ClusterAccess): Promise<Shell> {
  const directory = await mkdtemp(join(first.dir, 'shell-'))
  const { kubectl: program } = await ensurePrograms(['kubectl'], () => undefined)
  await symlink(program, join(directory, 'kubectl'))
  const plugin = join(directory, 'kubectl-conjoin')
  await writeFile(plugin, `#!/bin/sh\nexec '${process.execPath}' '${usualProgram}' "$@"\n`)
  await chmod(plugin, 0o755)
  const kubeconfig = await writeContexts(join(directory, 'config'), [first, second])
  const env = {
    ...process.env,
    PATH: `${directory}:${process.env['PATH']}`,
    KUBECONFIG: kubeconfig,
    KUBECACHEDIR: join(directory, 'cache'),
    // The program is started again and again.
    NODE_COMPILE_CACHE: join(directory, 'compiled'),
  }
  return { run: async (commandLine) => run('sh', ['-c', commandLine], { input: '', env }) }
}

type Side = 'primary' | 'secondary'

/** `kubectl conjoin status` on the clusters of a scene. */
export interface StatusReader {
  /** The command line. */
  command(scene: Scene, side: Side, ...more: readonly string[]): string
  report(scene: Scene, side: Side): Promise<Report>
  /** What is wrong there by this word. */
  wrong(scene: Scene, side: Side, code: string): Promise<Finding>
  /** Runs what the finding ends with. */
  mend(finding: Finding): Promise<void>
  /** The same, until the secondary has joined by it. */
  mendJoin(finding: Finding, secondary: RoleProcess): Promise<void>
  assertHealthy(scene: Scene, side: Side): Promise<void>
}

export function createStatusReader(shell: Shell): StatusReader {
  function command(scene: Scene, side: Side, ...more: readonly string[]): string {
    const places = ['--primary-namespace', scene.place.namespace, '--operator-namespace', scene.place.home]
    const flags = ['--context', side, '--primary-context', 'primary', '--secondary-namespace', scene.namespace]
    return ['kubectl conjoin status', ...flags, ...places, ...more].join(' ')
  }

  async function report(scene: Scene, side: Side): Promise<Report> {
    const { stdout, stderr, exitCode } = await shell.run(command(scene, side, '-o', 'json'))
    assert.notEqual(stdout, '', stderr)
    const found = JSON.parse(stdout) as Report
    assert.equal(exitCode, found.healthy ? 0 : 1)
    return found
  }

  async function wrong(scene: Scene, side: Side, code: string): Promise<Finding> {
    const { findings } = await report(scene, side)
    const finding = findings.find((one) => one.severity === 'wrong' && one.code === code)
    assert.ok(finding !== undefined, `${code} is not in ${JSON.stringify(findings)}`)
    return finding
  }

  async function mend({ next, code }: Finding): Promise<void> {
    assert.ok(next !== undefined, `there is a command for ${code}`)
    const { exitCode, stderr } = await shell.run(next.command)
    assert.equal(exitCode, 0, `${next.command}: ${stderr}`)
  }

  async function assertHealthy(scene: Scene, side: Side): Promise<void> {
    const { findings } = await report(scene, side)
    assert.deepEqual(
      findings.filter(({ severity }) => severity === 'wrong'),
      [],
    )
  }

  async function mendJoin(finding: Finding, secondary: RoleProcess): Promise<void> {
    const since = Date.now()
    await mend(finding)
    await said(secondary, 'joined', { since })
  }

  return { command, report, wrong, mend, mendJoin, assertHealthy }
}

/**
 * Resolves when the secondary has recorded this, by its own log: to ask for mc-join-status again and again would take the
 * machine from those who are waited for. `since` is ms since the epoch.
 */
export async function said(
  secondary: RoleProcess,
  status: 'joining' | 'joined' | 'rejected',
  { code = '', since = 0 }: { readonly code?: string; readonly since?: number } = {},
): Promise<void> {
  await secondary.logged(
    `${status} ${code}`,
    (line) => line.msg === status && line['code'] === code && Date.parse(String(line['time'])) >= since,
  )
}
