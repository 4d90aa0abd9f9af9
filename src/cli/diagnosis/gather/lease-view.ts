/** Whether the lease of a role is being renewed: judged by what is seen, as the candidates for it do, not by a clock. */
import { type Lease, leaseKind, type ObjectKey } from '../../../kube/objects.ts'
import type { Clock } from '../../../lib/clock.ts'
import { type LeaseView, type Reading, valueOf } from '../observation.ts'
import { mappedIfThere, type Reader } from './reader.ts'

export interface LeaseDeps {
  readonly reader: Reader
  /** By the clock of the API server, ms since the epoch. */
  readonly now: number
  readonly clock: Pick<Clock, 'sleep'>
}

/** A holder renews every two seconds. Milliseconds. */
const fresh = 10_000
const lookAgainAfter = 500
const looks = 12

/** Takes some seconds where the lease does not look fresh. Throws `KubeApiError`. */
export async function viewLease(deps: LeaseDeps, key: ObjectKey): Promise<Reading<LeaseView | undefined>> {
  let lease = await deps.reader.get(leaseKind, key)
  const first = valueOf(lease)
  let isRenewed = first !== undefined && Math.abs(renewedAt(first) - deps.now) < fresh
  for (let look = 0; look < looks && isHeld(lease) && !isRenewed; look += 1) {
    await deps.clock.sleep(lookAgainAfter)
    lease = await deps.reader.get(leaseKind, key)
    isRenewed = valueOf(lease)?.metadata.resourceVersion !== first?.metadata.resourceVersion
  }
  return mappedIfThere(lease, (last) => ({
    holder: last.spec?.holderIdentity ?? '',
    renewedAt: renewedAt(last),
    isRenewed,
  }))
}

function isHeld(lease: Reading<Lease | undefined>): boolean {
  return (valueOf(lease)?.spec?.holderIdentity ?? '') !== ''
}

function renewedAt({ spec }: Lease): number {
  return Date.parse(spec?.renewTime ?? '') || 0
}
