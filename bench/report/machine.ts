/** On what and of what a measurement was made, so that somebody else can judge and repeat it. Linux. */
import { readFile } from 'node:fs/promises'
import { cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { run } from '../../tools/controlplane/run.ts'
import { programs } from '../../tools/programs/sources.ts'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly kernel: string
}

export interface Provenance {
  readonly machine: Machine
  /** By name: node, conjoin, kubernetes, etcd. */
  readonly versions: Readonly<Record<string, string>>
  /** Undefined outside of a git repository. */
  readonly commit?: string
  /** Whether the tree was exactly that of the commit, but for results that were saved before. */
  readonly isClean: boolean
}

const root = join(import.meta.dirname, '../..')
/** What a run with --save writes says nothing of what the next one measures. */
const withoutResults = [':(exclude)docs/benchmarks.md', ':(exclude)docs/benchmarks']

/** Asks the kernel, git and the project itself. */
export async function provenance(): Promise<Provenance> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  const [commit, changes] = await Promise.all([
    git('rev-parse', 'HEAD'),
    git('status', '--porcelain', '--', '.', ...withoutResults),
  ])
  return {
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryBytes: totalmem(),
      kernel: release(),
    },
    versions: {
      node: process.version,
      conjoin: version,
      kubernetes: programs['kube-apiserver'].version,
      etcd: programs.etcd.version,
    },
    ...(commit === undefined ? {} : { commit }),
    isClean: changes === '',
  }
}

/** What git prints; undefined where it cannot say. */
async function git(...args: readonly string[]): Promise<string | undefined> {
  const { exitCode, stdout } = await run('git', ['-C', root, ...args], { input: '', env: process.env }).catch(() => ({
    exitCode: -1,
    stdout: '',
  }))
  return exitCode === 0 ? stdout.trim() : undefined
}
