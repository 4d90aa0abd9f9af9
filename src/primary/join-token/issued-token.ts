/**
 * A token as its Secret records it: id, public key, and a seal that only this primary can make. Without the seal whoever
 * may create Secrets, and read none, could bring a token of his own. Bounds are not sealed: they are the user's to change.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { annotations } from '../../api/group.ts'
import { fromBase64url, toBase64url } from '../../protocol/encoding.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { Issuer } from '../../protocol/issuer.ts'
import type { Keyring } from '../../protocol/keyring.ts'
import { type PublicKey, publicKeyFrom } from '../../protocol/keys.ts'

export interface IssuedToken {
  readonly id: string
  readonly publicKey: PublicKey
}

type Stored = Readonly<Record<string, string>> | undefined

/** The annotations of the Secret of an issued token. */
export function recordIssued(issuer: Issuer, { id, publicKey }: IssuedToken): Record<string, string> {
  return {
    [annotations.tokenId]: id,
    [annotations.tokenIssuer]: issuerOf(issuer.uid, issuer.key),
    [annotations.tokenPublicKey]: publicKey.x,
    [annotations.tokenSeal]: toBase64url(sealOf(issuer, id, publicKey.x)),
  }
}

/** The token that this primary issued into a Secret; undefined where it did not, or somebody has changed the record. */
export function readIssued(keyring: Keyring, stored: Stored): IssuedToken | undefined {
  const record = readRecord(stored)
  if (record === undefined || sealerOf(keyring, stored) === undefined) return undefined
  try {
    return { id: record.id, publicKey: publicKeyFrom(record.x) }
  } catch (error) {
    if (error instanceof ProtocolError) return undefined
    throw error
  }
}

/**
 * The key that a stored token is sealed with, which is the one that it pins: of all that are held, because a seal outlives
 * the days of its key. Undefined where the primary holds no such key.
 */
export function sealerOf({ held }: Keyring, stored: Stored): Issuer | undefined {
  const record = readRecord(stored)
  const seal = fromBase64url(stored?.[annotations.tokenSeal] ?? '')
  if (record === undefined || seal === undefined) return undefined
  // All of them, whichever it is: the time it takes tells nothing of a token.
  const [sealer] = held.filter((issuer) => {
    const expected = sealOf(issuer, record.id, record.x)
    return seal.length === expected.length && timingSafeEqual(seal, expected)
  })
  return sealer
}

/**
 * Whether a token names this primary and a key that it does not hold. It is read from what anybody may write: good for what
 * is said of a token that admits nobody.
 */
export function pinsLostKey({ uid, held }: Keyring, stored: Stored): boolean {
  const issuer = stored?.[annotations.tokenIssuer]
  if (issuer?.startsWith(issuerOf(uid)) !== true) return false
  return !held.some(({ key }) => issuer === issuerOf(uid, key))
}

/** Neither part has a dot. */
function issuerOf(uid: string, key?: PublicKey): string {
  return `${uid}.${key?.thumbprint ?? ''}`
}

function readRecord(stored: Stored): { readonly id: string; readonly x: string } | undefined {
  const id = stored?.[annotations.tokenId]
  const x = stored?.[annotations.tokenPublicKey]
  return id === undefined || x === undefined ? undefined : { id, x }
}

function sealOf({ uid, sealKey }: Issuer, id: string, x: string): Buffer {
  return createHmac('sha256', sealKey.reveal())
    .update(JSON.stringify([uid, id, x]))
    .digest()
}
