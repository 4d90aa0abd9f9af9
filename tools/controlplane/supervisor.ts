/**
 * The watchdog of one control plane, a process of its own: it starts the servers, and kills them and removes their
 * directory when it is told to or when the process that started it is gone, however that ended. It leads a process group,
 * so that Ctrl-C in a terminal reaches the parent only. It must not know what the servers are.
 *
 * Arguments: the directory, and `remove` or `keep`: what happens to it when the parent is gone.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'

export interface ServerCommand {
  /** Unique in this supervisor; its output goes to `<name>.log` in the directory. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
}

/** What the parent asks for; each is answered with a `done`, except `stop`, which ends this process. */
export type Request =
  | { readonly kind: 'start'; readonly id: number; readonly server: ServerCommand }
  | { readonly kind: 'kill'; readonly id: number; readonly name: string }
  | { readonly kind: 'stop'; readonly keep: boolean }

export type Message =
  | { readonly kind: 'done'; readonly id: number; readonly error?: string }
  | { readonly kind: 'ended'; readonly name: string; readonly reason: string }

/** Percent. By Go's own 100, servers that have little to keep spend a fifth of their time on collecting garbage. */
const environment = { GOGC: '200', ...process.env }

const [directory = '', atParentsEnd = 'keep'] = process.argv.slice(2)
const servers = new Map<string, ChildProcess>()
let ending = false

function send(message: Message): void {
  if (process.connected) process.send?.(message)
}

/** Resolves when the program runs; throws when it cannot be executed. */
async function start({ name, command, args }: ServerCommand): Promise<void> {
  if (ending) throw new Error('the control plane is being stopped')
  const log = openSync(join(directory, `${name}.log`), 'a')
  const child = spawn(command, args, { cwd: directory, env: environment, stdio: ['ignore', log, log] })
  closeSync(log)
  if (child.pid !== undefined) servers.set(name, child)
  child.once('exit', (code, signal) => {
    servers.delete(name)
    send({ kind: 'ended', name, reason: signal ?? `exit code ${code}` })
  })
  await new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
}

/** Nothing here needs a graceful end: the data is thrown away, and a crash is what faults want to see. */
async function kill(name: string): Promise<void> {
  const child = servers.get(name)
  if (!child) return
  const ended = new Promise((resolve) => {
    child.once('exit', resolve)
  })
  child.kill('SIGKILL')
  await ended
}

async function end(keep: boolean): Promise<void> {
  if (ending) return
  ending = true
  await Promise.all([...servers.keys()].map(kill))
  if (!keep) await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  process.exit(0)
}

async function answer(id: number, work: Promise<void>): Promise<void> {
  await work.then(
    () => send({ kind: 'done', id }),
    (error: Error) => send({ kind: 'done', id, error: error.message }),
  )
}

process.on('message', (request: Request) => {
  switch (request.kind) {
    case 'start':
      void answer(request.id, start(request.server))
      break
    case 'kill':
      void answer(request.id, kill(request.name))
      break
    case 'stop':
      void end(request.keep)
      break
  }
})

const parentIsGone = () => void end(atParentsEnd === 'keep')
process.once('disconnect', parentIsGone)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, parentIsGone)
// The parent may have gone before there was a listener.
if (!process.connected) parentIsGone()
