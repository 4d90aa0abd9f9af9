/**
 * A token as its Secret records it: id, public key, and a seal that only this primary can make. Without the seal whoever
 * may create Secrets, and read none, could bring a token of his own. Bounds are not sealed: they are the user's to change.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { annotations } from '../../api/group.ts'
import type { Issuer } from '../../protocol/challenge.ts'
import { fromBase64url, hkdf, toBase64url } from '../../protocol/encoding.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { type PublicKey, publicKeyFrom, type SigningKey, seedOf } from '../../protocol/keys.ts'

export interface IssuedToken {
  readonly id: string
  readonly publicKey: PublicKey
}

type Stored = Readonly<Record<string, string>> | undefined

/** The annotations of the Secret of an issued token. */
export function recordIssued(issuer: Issuer, { id, publicKey }: IssuedToken): Record<string, string> {
  return {
    [annotations.tokenId]: id,
    [annotations.tokenPublicKey]: publicKey.x,
    [annotations.tokenSeal]: toBase64url(sealOf(issuer, id, publicKey.x)),
  }
}

/** The token that this primary issued into a Secret; undefined where it did not, or somebody has changed the record. */
export function readIssued(issuer: Issuer, stored: Stored): IssuedToken | undefined {
  const id = stored?.[annotations.tokenId]
  const x = stored?.[annotations.tokenPublicKey]
  const seal = fromBase64url(stored?.[annotations.tokenSeal] ?? '')
  if (id === undefined || x === undefined || seal === undefined) return undefined
  const expected = sealOf(issuer, id, x)
  if (seal.length !== expected.length || !timingSafeEqual(seal, expected)) return undefined
  try {
    return { id, publicKey: publicKeyFrom(x) }
  } catch (error) {
    if (error instanceof ProtocolError) return undefined
    throw error
  }
}

function sealOf({ uid, key }: Issuer, id: string, x: string): Buffer {
  return createHmac('sha256', sealKeyOf(key))
    .update(JSON.stringify([uid, id, x]))
    .digest()
}

/** Derived once for each key of a primary: every join has the seal of its token judged twice. */
const sealKeys = new WeakMap<SigningKey, KeyObject>()

function sealKeyOf(key: SigningKey): KeyObject {
  const known = sealKeys.get(key)
  if (known !== undefined) return known
  const derived = createSecretKey(hkdf(seedOf(key), 'mcj1/token-seal', 32))
  sealKeys.set(key, derived)
  return derived
}
