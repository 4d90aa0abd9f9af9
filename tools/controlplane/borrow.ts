/** Gives a control plane to somebody who does not mind who has used it before, and does not stop its servers. */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { relative } from 'node:path'
import { createInterface } from 'node:readline'
import { ensurePrograms } from '../programs/binaries.ts'
import { type ClusterAccess, type ClusterAddress, createAccess } from './access.ts'
import { createAdminClient } from './admin-client.ts'
import { startControlPlane } from './control-plane.ts'
import { readToken } from './kubeconfig.ts'
import type { Loan, LoanRequest } from './lender.ts'
import { layoutOf } from './servers.ts'

/** Where a lender listens, of the processes that it lends to. */
export const lenderVariable = 'CONTROL_PLANE_LENDER'

export interface BorrowedControlPlane extends ClusterAccess {
  /** Gives it back: to the lender, or to nobody where it was started for this. */
  stop(): Promise<void>
}

/**
 * Borrows the control plane with this name that nobody uses now; without a lender it is started, as for a test file that
 * is run by itself. It may hold what others have left in their namespaces. Throws where it does not start.
 */
export async function borrowControlPlane(name: string): Promise<BorrowedControlPlane> {
  const lender = process.env[lenderVariable]
  if (lender === undefined) return startControlPlane({ name })
  const connection = connect(lender)
  const request: LoanRequest = { name, borrower: relative('.', process.argv[1] ?? '') }
  connection.write(`${JSON.stringify(request)}\n`)
  const [line] = (await once(createInterface({ input: connection }), 'line')) as [string]
  // A test that forgets to give it back ends all the same.
  connection.unref()
  const loan = JSON.parse(line) as Loan
  if ('error' in loan) throw new Error(`no control plane ${name} can be borrowed: ${loan.error}`)
  return {
    ...(await accessTo(loan.address)),
    async stop() {
      connection.destroy()
    },
  }
}

async function accessTo(address: ClusterAddress): Promise<ClusterAccess> {
  const layout = layoutOf(address.dir)
  const { kubectl } = await ensurePrograms(['kubectl'], console.error)
  const certificateAuthority = await readFile(layout.certificates, 'utf8')
  const admin = createAdminClient(address.url, certificateAuthority, await readToken(layout.adminKubeconfig))
  return createAccess(address, { kubectl, admin, certificateAuthority })
}
