/** `kubectl conjoin` as its users run it: a process with arguments, two outputs and an exit code. */
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { parse, stringify } from 'yaml'
import type { ClusterAccess } from '../../tools/controlplane/access.ts'
import { usualProgram } from '../../tools/role-process.ts'

const hangLimitMs = 90_000

export interface CliResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the program; never throws on a non-zero exit. */
export async function conjoin(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CliResult> {
  const options = { env: { ...process.env, ...env }, timeout: hangLimitMs, encoding: 'utf8' } as const
  return new Promise((resolve) => {
    execFile(process.execPath, [usualProgram, ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code
      resolve({ exitCode: typeof code === 'number' ? code : -1, stdout, stderr })
    })
  })
}

/** The command that a failure ends with. */
export function nextCommand({ stderr }: CliResult): string {
  return stderr.trimEnd().split('\n').at(-1)?.trim() ?? ''
}

interface Part {
  readonly clusters: readonly object[]
  readonly users: readonly [{ readonly user: object }]
}

/** Writes a kubeconfig with a context for the administrator of each control plane; none of them is the current one. */
export async function writeContexts(file: string, controlPlanes: readonly ClusterAccess[]): Promise<string> {
  const parts = await Promise.all(
    controlPlanes.map(async ({ kubeconfig, name }) => {
      const { clusters, users } = parse(await readFile(kubeconfig, 'utf8'), { version: '1.1' }) as Part
      return { name, clusters, user: users[0].user }
    }),
  )
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: parts.flatMap(({ clusters }) => clusters),
    users: parts.map(({ name, user }) => ({ name, user })),
    contexts: parts.map(({ name }) => ({ name, context: { cluster: name, user: name } })),
  }
  await writeFile(file, stringify(config, { version: '1.1' }), { mode: 0o600 })
  return file
}
