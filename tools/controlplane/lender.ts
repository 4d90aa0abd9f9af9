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
import { createNamespaceOwners } from './namespace-owners.ts'

/** What a borrower asks for. */
export interface LoanRequest {
  /** Of the control plane. */
  readonly name: string
  /** Who asks, for messages. */
  readonly borrower: string
}

/** What a borrower is told: which control plane it has, or why it has none. */
export type Loan = { readonly address: ClusterAddress } | { readonly error: string }

export interface Lender {
  /** Path of the Unix socket where borrowers connect. */
  readonly socket: string
  /**
   * Ends all control planes. Gives what must not be: a namespace that several borrowers have made fails one of them, but only
   * where they were lent the same control plane.
   */
  stop(): Promise<readonly string[]>
}

/** What a lender needs of a control plane. */
export type Lendable = ClusterAddress & Pick<ControlPlane, 'get' | 'stop'>

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
  const loans: Promise<void>[] = []
  const free = new Map<string, Lendable[]>()
  const owners = createNamespaceOwners()

  async function take(name: string): Promise<Lendable> {
    const returned = free.get(name)?.pop()
    if (returned !== undefined) return returned
    const controlPlane = boot(name)
    started.push(controlPlane)
    return controlPlane
  }

  async function lend(borrower: Socket): Promise<void> {
    const ended = once(borrower, 'close')
    const [line] = (await once(createInterface({ input: borrower }), 'line')) as [string]
    const { name, borrower: asker } = JSON.parse(line) as LoanRequest
    const controlPlane = await take(name)
    const { dir, url, kubeSystemUid } = controlPlane
    tell(borrower, { address: { name, dir, url, kubeSystemUid } })
    const loan = ended.then(async () => takeBack(controlPlane, asker))
    loans.push(loan)
    await loan
  }

  async function takeBack(controlPlane: Lendable, borrower: string): Promise<void> {
    const { name } = controlPlane
    owners.returned(controlPlane, borrower, await namespacesOf(controlPlane))
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
      await Promise.allSettled(loans)
      const running = await Promise.allSettled(started)
      await Promise.all(running.map(async (start) => (start.status === 'fulfilled' ? start.value.stop() : undefined)))
      await rm(directory, { recursive: true, force: true })
      return owners.clashes()
    },
  }
}

async function namespacesOf(controlPlane: Lendable): Promise<readonly string[]> {
  const list = await controlPlane.get('/api/v1/namespaces')
  const { items } = JSON.parse(list ?? '{"items":[]}') as { items: readonly { metadata: { name: string } }[] }
  return items.map(({ metadata }) => metadata.name)
}

function tell(borrower: Socket, loan: Loan): void {
  borrower.write(`${JSON.stringify(loan)}\n`)
}
