/**
 * Lends control planes to processes that would else boot their own one after the other: a boot costs nine seconds of CPU.
 * Each belongs to one borrower at a time, and returns with the end of the borrower's connection, however that ended. It is
 * not cleaned in between: borrowers have namespaces of their own.
 */
import { once } from 'node:events'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { ClusterAddress } from './access.ts'
import { type ControlPlane, startControlPlane } from './control-plane.ts'

/** What a borrower is told: which control plane it has, or why it has none. */
export type Loan = { readonly address: ClusterAddress } | { readonly error: string }

export interface Lender {
  /** Path of the Unix socket where borrowers connect. */
  readonly socket: string
  /** Ends all control planes. */
  stop(): Promise<void>
}

/** What a lender needs of a control plane. */
export type Lendable = ClusterAddress & Pick<ControlPlane, 'stop'>

/** `boot` starts a control plane with this name. */
export async function startLender(
  boot: (name: string) => Promise<Lendable> = async (name) => startControlPlane({ name }),
): Promise<Lender> {
  const directory = await mkdtemp(join(tmpdir(), 'conjoin-lender-'))
  // Whoever connects is an administrator of what he gets.
  await chmod(directory, 0o700)
  const socket = join(directory, 'lender.sock')
  const started: Promise<Lendable>[] = []
  const borrowers = new Set<Socket>()
  const free = new Map<string, Lendable[]>()

  async function take(name: string): Promise<Lendable> {
    const returned = free.get(name)?.pop()
    if (returned !== undefined) return returned
    const controlPlane = boot(name)
    started.push(controlPlane)
    return controlPlane
  }

  async function lend(borrower: Socket): Promise<void> {
    const ended = once(borrower, 'close')
    const [name] = (await once(createInterface({ input: borrower }), 'line')) as [string]
    const controlPlane = await take(name)
    const { dir, url, kubeSystemUid } = controlPlane
    tell(borrower, { address: { name, dir, url, kubeSystemUid } })
    await ended
    free.set(name, [...(free.get(name) ?? []), controlPlane])
  }

  const server = createServer((borrower) => {
    borrowers.add(borrower)
    borrower.once('close', () => borrowers.delete(borrower))
    // A borrower that was killed.
    borrower.on('error', () => undefined)
    lend(borrower).catch((error: unknown) => tell(borrower, { error: String(error) }))
  })
  server.listen(socket)
  await once(server, 'listening')
  return {
    socket,
    async stop() {
      server.close()
      for (const borrower of borrowers) borrower.destroy()
      const running = await Promise.allSettled(started)
      await Promise.all(running.map(async (start) => (start.status === 'fulfilled' ? start.value.stop() : undefined)))
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function tell(borrower: Socket, loan: Loan): void {
  borrower.write(`${JSON.stringify(loan)}\n`)
}
