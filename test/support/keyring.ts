/** The keys of a primary that holds a single one, as most tests need it; a roll has tests of its own. */
import { ProtocolError } from '../../src/protocol/errors.ts'
import type { Issuer } from '../../src/protocol/issuer.ts'
import { createKeyring, issuerNamed, type Keyring } from '../../src/protocol/keyring.ts'

export function keyringOf({ uid, key }: Pick<Issuer, 'uid' | 'key'>): Keyring {
  return createKeyring(uid, { current: key })
}

/** Where the services ask for a key by its name. */
export function lookUpIn(keyring: Keyring): (kid: string | undefined) => Promise<Issuer> {
  return async (kid) => {
    const issuer = issuerNamed(keyring, kid)
    if (issuer === undefined) throw new ProtocolError('PrimaryKeyMismatch')
    return issuer
  }
}
