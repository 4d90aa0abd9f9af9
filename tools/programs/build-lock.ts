/**
 * One build at a time per cache directory, over all processes of the machine. Owns the lock only; must not know what is
 * built.
 *
 * The lock is a listening socket in Linux's abstract namespace. The kernel gives a name to one process and takes it
 * back when that process ends, however it ends: there is no stale lock to detect, and no race to take one over.
 */
import { createHash } from 'node:crypto'
import { connect, createServer, type Socket } from 'node:net'
import type { Report } from './report.ts'

type Release = () => void

/** Runs `build` while no other process does for this directory. Waits for another process as long as it lives. */
export async function withBuildLock<T>(directory: string, report: Report, build: () => Promise<T>): Promise<T> {
  const release = await acquire(directory, report)
  try {
    return await build()
  } finally {
    release()
  }
}

async function acquire(directory: string, report: Report): Promise<Release> {
  // Elsewhere two builds at once do the work twice; the result is the same, as programs are moved into place.
  if (process.platform !== 'linux') return () => undefined
  const name = `\0conjoin-build-${createHash('sha256').update(directory).digest('hex').slice(0, 32)}`
  for (;;) {
    const release = await tryAcquire(name)
    if (release) return release
    await waitForHolder(name, (pid) => report(`waiting for process ${pid}, which is building into ${directory}`))
  }
}

/** Undefined when another process holds the lock. */
async function tryAcquire(name: string): Promise<Release | undefined> {
  const waiting = new Set<Socket>()
  const server = createServer((socket) => {
    waiting.add(socket)
    socket.once('close', () => waiting.delete(socket))
    // A waiting process may be killed at any moment; the build goes on.
    socket.on('error', () => undefined)
    socket.write(`${process.pid}\n`)
  })
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else reject(error)
    })
    server.listen(name, () =>
      resolve(() => {
        server.close()
        for (const socket of waiting) socket.destroy()
      }),
    )
  })
}

/** Resolves when the holder has released the lock or died; `onHolder` gets its process id. */
async function waitForHolder(name: string, onHolder: (pid: string) => void): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(name)
    socket.setEncoding('utf8').once('data', (pid: string) => onHolder(pid.trim()))
    // Refused: the holder has gone between our two attempts. 'close' follows every error.
    socket.on('error', () => undefined)
    socket.once('close', () => resolve())
  })
}
