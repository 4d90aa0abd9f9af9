/**
 * A name server of a test's: preloaded into a process, it answers for the names below `.test` from a file, which may
 * change while the process runs; a name that is not in it does not exist.
 */
import dns, { type LookupAddress } from 'node:dns'
import { readFileSync, writeFileSync } from 'node:fs'
import type { Flags } from '../../tools/role-process.ts'

const variable = 'NAMES_FILE'

export interface Names {
  /** For a process that is to ask here. */
  readonly env: Flags
  /** Name to address, from now on. */
  set(addresses: Readonly<Record<string, string>>): void
}

/** The file is written at once, and empty. */
export function createNames(file: string): Names {
  const names: Names = {
    env: { NODE_OPTIONS: `--import=${import.meta.filename}`, [variable]: file },
    set: (addresses) => writeFileSync(file, JSON.stringify(addresses)),
  }
  names.set({})
  return names
}

const file = process.env[variable]
if (file !== undefined) {
  const real = dns.lookup
  const lookup = (
    host: string,
    options: { all?: boolean },
    done: (error: Error | null, address: string | LookupAddress[], family?: number) => void,
  ): void => {
    if (!host.endsWith('.test')) {
      real(host, options as never, done as never)
      return
    }
    const address = (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>)[host]
    const missing = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' })
    // As the real one: never before the caller has gone on.
    setImmediate(() => {
      if (address === undefined) done(missing, [])
      else if (options.all === true) done(null, [{ address, family: 4 }])
      else done(null, address, 4)
    })
  }
  dns.lookup = lookup as typeof dns.lookup
}
