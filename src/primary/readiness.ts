/** Why a primary is not ready, for /readyz and for people: a reason on each line. It decides nothing that is answered to clusters. */

import type { Informers } from './compose/informers.ts'
import type { IdentityKeeper } from './identity/identity-keeper.ts'

/** Empty when ready. `outage` says why this replica can do nothing for anybody, where that is so. */
export function reasonsNotReady(
  outage: string | undefined,
  informers: Pick<Informers, 'notSynced'>,
  identity: Pick<IdentityKeeper, 'keyring' | 'isLost'>,
): readonly string[] {
  const key = identity.isLost() ? 'the signing key is lost' : 'the signing key is not loaded'
  return [
    ...(outage === undefined ? [] : [outage]),
    ...informers.notSynced(),
    ...(identity.keyring() === undefined ? [key] : []),
  ]
}
