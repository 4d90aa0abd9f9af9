/**
 * Builds one program of the control plane from Go modules, whose checksums are in go.sum. Owns the compiler's arguments
 * and the progress lines; must not decide whether a build is needed, nor guard against a second one.
 */
import { spawn } from 'node:child_process'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Report } from './report.ts'

export const kubernetesVersion = 'v1.36.3'
const etcdVersion = 'v3.6.8'

export type BinaryName = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kubectl'

interface Source {
  readonly module: string
  readonly version: string
  /** Measured with an empty build cache. */
  readonly duration: string
}

const sources: Record<BinaryName, Source> = {
  etcd: { module: 'go.etcd.io/etcd/server/v3', version: etcdVersion, duration: '15 s' },
  'kube-apiserver': { module: 'k8s.io/kubernetes/cmd/kube-apiserver', version: kubernetesVersion, duration: '5 min' },
  'kube-controller-manager': {
    module: 'k8s.io/kubernetes/cmd/kube-controller-manager',
    version: kubernetesVersion,
    duration: '90 s',
  },
  kubectl: { module: 'k8s.io/kubernetes/cmd/kubectl', version: kubernetesVersion, duration: '30 s' },
}

// Without these the programs of Kubernetes call themselves v0.0.0.
const linkerFlags = [
  '-s',
  '-w',
  `-X k8s.io/component-base/version.gitVersion=${kubernetesVersion}`,
  '-X k8s.io/component-base/version.gitMajor=1',
  '-X k8s.io/component-base/version.gitMinor=36',
].join(' ')

/** Milliseconds between two progress lines: often enough for a person, seldom enough for the log of a CI run. */
const progressInterval = 15_000
/** How much of the compiler's output an error shows. */
const shownLines = 20

/**
 * Builds into `directory` and returns the program's path. The program appears there complete or not at all. Throws when
 * Go is missing or the compiler fails, with the compiler's last lines.
 */
export async function buildBinary(name: BinaryName, directory: string, report: Report): Promise<string> {
  await mkdir(directory, { recursive: true })
  const source = sources[name]
  const unfinished = join(directory, `.${name}.${process.pid}`)
  const finished = join(directory, name)
  const title = `building ${name} ${source.version} from Go modules (about ${source.duration} on 2 cores)`
  const started = performance.now()
  report(`${title} …`)
  const progress = setInterval(() => report(`${title} … ${elapsed(started)}`), progressInterval)
  try {
    await compile(source.module, unfinished)
    await rename(unfinished, finished)
  } finally {
    clearInterval(progress)
    await rm(unfinished, { force: true })
  }
  report(`built ${name} ${source.version} in ${elapsed(started)}: ${finished}`)
  return finished
}

async function compile(module: string, output: string): Promise<void> {
  const compiler = spawn('go', ['build', '-trimpath', '-ldflags', linkerFlags, '-o', output, module], {
    cwd: import.meta.dirname,
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
