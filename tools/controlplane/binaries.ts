/**
 * Where the real programs of a control plane come from: the directory that the user names, the cache, or a build. Owns
 * the order of search and the message when nothing is left; must not start any of them.
 */
import { access, constants } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { type BinaryName, buildBinary, kubernetesVersion } from './build.ts'
import { withBuildLock } from './build-lock.ts'
import type { Report } from './report.ts'

/**
 * Absolute paths of the named programs. Searched in this order: `KUBEBUILDER_ASSETS`, the cache, a build from Go
 * modules into the cache (minutes; progress goes to `report`). Throws when a program can be neither found nor built.
 */
export async function ensureBinaries<Name extends BinaryName>(
  names: readonly Name[],
  report: Report,
): Promise<Record<Name, string>> {
  const found = await findAll(names)
  if (found.size < names.length) {
    await withBuildLock(cacheDirectory(), report, async () => {
      // Asked again inside the lock: the process that held it before may have built them.
      const missing = names.filter((name) => !found.has(name))
      for (const name of missing) found.set(name, (await find(name)) ?? (await build(name, report)))
    })
  }
  return Object.fromEntries(found) as Record<Name, string>
}

async function findAll<Name extends BinaryName>(names: readonly Name[]): Promise<Map<Name, string>> {
  const found = new Map<Name, string>()
  for (const name of names) {
    const path = await find(name)
    if (path !== undefined) found.set(name, path)
  }
  return found
}

async function find(name: BinaryName): Promise<string | undefined> {
  const assets = process.env['KUBEBUILDER_ASSETS']
  for (const directory of assets ? [assets, cacheDirectory()] : [cacheDirectory()]) {
    const path = join(directory, name)
    if (await isExecutable(path)) return path
  }
  return undefined
}

async function build(name: BinaryName, report: Report): Promise<string> {
  try {
    return await buildBinary(name, cacheDirectory(), report)
  } catch (error) {
    throw new Error(
      `${name} ${kubernetesVersion} was not found and could not be built: ${(error as Error).message}\n${waysOut()}`,
      { cause: error },
    )
  }
}

function waysOut(): string {
  return [
    'There are three ways to get the programs of a control plane:',
    '  - install Go (https://go.dev/dl) and run this again: they are then built from source, once',
    '  - set KUBEBUILDER_ASSETS to a directory that has etcd, kube-apiserver and kubectl',
    `  - put the programs of Kubernetes ${kubernetesVersion} and etcd into ${cacheDirectory()}`,
  ].join('\n')
}

/** The directory of this Kubernetes version, shared by all clones of one user. */
function cacheDirectory(): string {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  return join(cache, 'conjoin', 'k8s', kubernetesVersion)
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}
