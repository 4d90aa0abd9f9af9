/** Whom a process calls: preloaded into it, it notes where every connection is opened to and every name that is asked for. */
import dns from 'node:dns'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import type { Flags } from '../../tools/role-process.ts'

const variable = 'DIALS_FILE'

export interface Dials {
  /** For a process that is to be watched. */
  readonly env: Flags
  /** `host:port`, as they were written, and names that were looked up; each once. */
  called(): ReadonlySet<string>
}

/** The file is written at once, and empty. */
export function watchDials(file: string): Dials {
  writeFileSync(file, '')
  return {
    env: { NODE_OPTIONS: `--import=${import.meta.filename}`, [variable]: file },
    called: () => new Set(readFileSync(file, 'utf8').split('\n').filter(Boolean)),
  }
}

const file = process.env[variable]
if (file !== undefined) {
  const note = (called: string) => appendFileSync(file, `${called}\n`)
  const connect: unknown = Reflect.get(net.Socket.prototype, 'connect')
  const noted = function (this: net.Socket, ...args: unknown[]): unknown {
    // Node's own callers pass options and a listener wrapped in an array.
    const [first, second] = (Array.isArray(args[0]) ? args[0] : args) as unknown[]
    const target = typeof first === 'object' ? first : { host: second, port: first }
    const { host, port } = target as net.TcpSocketConnectOpts
    note(`${host}:${port}`)
    return Reflect.apply(connect as () => unknown, this, args)
  }
  Reflect.set(net.Socket.prototype, 'connect', noted)
  const { lookup } = dns
  dns.lookup = ((host: string, ...rest: unknown[]) => {
    // A server that is to listen looks its own address up, which asks nobody.
    if (net.isIP(host) === 0) note(host)
    Reflect.apply(lookup, dns, [host, ...rest])
  }) as typeof dns.lookup
}
