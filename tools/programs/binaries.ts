/**
 * Where real programs come from: the directory that the user names, the cache, or a build. Owns the order of search and
 * the message when nothing is left; must not start any of them.
 */
import { access, constants } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { buildProgram } from './build.ts'
import { withBuildLock } from './build-lock.ts'
import type { Report } from './report.ts'
import { type Origin, type Program, type ProgramName, programs } from './sources.ts'

/**
 * Absolute paths of the named programs. Searched in this order: the directory that the user names, the cache, a build
 * from Go modules into the cache (minutes; progress goes to `report`). Throws when one can be neither found nor built.
 */
export async function ensurePrograms<Name extends ProgramName>(
  names: readonly Name[],
  report: Report,
): Promise<Record<Name, string>> {
  const paths: [Name, string][] = []
  for (const name of names) paths.push([name, (await find(name)) ?? (await buildOnce(name, report))])
  return Object.fromEntries(paths) as Record<Name, string>
}

async function find(name: ProgramName): Promise<string | undefined> {
  const { origin }: Program = programs[name]
  const given = origin.variable === undefined ? undefined : process.env[origin.variable]
  for (const directory of given ? [given, cacheDirectory(origin)] : [cacheDirectory(origin)]) {
    const path = join(directory, name)
    if (await isExecutable(path)) return path
  }
  return undefined
}

async function buildOnce(name: ProgramName, report: Report): Promise<string> {
  const directory = cacheDirectory(programs[name].origin)
  // Asked again inside the lock: the process that held it before may have built it.
  return withBuildLock(directory, report, async () => (await find(name)) ?? (await build(name, directory, report)))
}

async function build(name: ProgramName, directory: string, report: Report): Promise<string> {
  try {
    return await buildProgram(name, directory, report)
  } catch (error) {
    throw new Error(
      `${name} ${programs[name].version} was not found and could not be built: ${(error as Error).message}\n${waysOut(name, directory)}`,
      { cause: error },
    )
  }
}

function waysOut(name: ProgramName, directory: string): string {
  const { origin }: Program = programs[name]
  return [
    'Ways to get the program:',
    '  - install Go (https://go.dev/dl) and run this again: it is then built from source, once',
    ...(origin.variable === undefined ? [] : [`  - set ${origin.variable} to a directory that has it`]),
    `  - put the program ${name} ${programs[name].version} into ${directory}`,
  ].join('\n')
}

/** Shared by all clones of one user. */
function cacheDirectory(origin: Origin): string {
  const cache = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache')
  return join(cache, 'conjoin', origin.cache, origin.version)
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}
