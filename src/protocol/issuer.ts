/**
 * What a primary signs with: one of its keys, and the secrets that are derived from it. The derivations are made here,
 * once for each key, and nowhere else; which key is current is the keyring's to say.
 */
import { createSecretKey, type KeyObject } from 'node:crypto'
import { Redacted } from '../lib/redacted.ts'
import { hkdf } from './encoding.ts'
import { type SigningKey, seedOf } from './keys.ts'
import { type NonceKey, nonceKeyOf } from './nonce.ts'

export interface Issuer {
  /** UID of the primary's `kube-system` namespace. */
  readonly uid: string
  readonly key: SigningKey
  readonly nonceKey: NonceKey
  /** Seals the record of a join token in its Secret. */
  readonly sealKey: Redacted<KeyObject>
}

/** `uid` is that of the primary's `kube-system` namespace. */
export function createIssuer(uid: string, key: SigningKey): Issuer {
  const sealKey = new Redacted(createSecretKey(hkdf(seedOf(key), 'mcj1/token-seal', 32)))
  return { uid, key, nonceKey: nonceKeyOf(key), sealKey }
}
