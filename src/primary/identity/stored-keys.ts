/**
 * The signing keys as `mc-primary-identity` holds them: read into keys that can sign, and written back. Which of them is
 * due to come or go is decided in `roll.decide.ts`.
 */
import { decodePrimaryIdentity, type PrimaryIdentity, primaryIdentityName } from '../../api/primary-identity.ts'
import { TerminalError } from '../../kube/controller.ts'
import type { Secret } from '../../kube/objects.ts'
import { Redacted } from '../../lib/redacted.ts'
import { createKeyring, type Keyring } from '../../protocol/keyring.ts'
import { type SigningKey, signingKeyFromPem, toPrivatePem } from '../../protocol/keys.ts'
import { signNextKey } from '../../protocol/next-key.ts'

export interface StoredKeys {
  readonly current: SigningKey
  /** `announcedAt` is ms since the epoch. */
  readonly next?: { readonly key: SigningKey; readonly announcedAt: number } | undefined
  /** The oldest first. */
  readonly retired: readonly SigningKey[]
  /** When the current key took the place of another, ms since the epoch. */
  readonly promotedAt?: number | undefined
  /** The value of the annotation `rotate` that has been followed. */
  readonly rotated?: string | undefined
  /** Thumbprints of keys that were named as compromised, held or not. */
  readonly compromised: readonly string[]
}

/**
 * Undefined where there is no Secret. Throws `TerminalError` for one under our name that holds no usable current key: it
 * is somebody's, and never overwritten. Of the other keys those that cannot be read are left out.
 */
export function readKeys(secret: Secret | undefined): StoredKeys | undefined {
  if (secret === undefined) return undefined
  const stored = decodePrimaryIdentity(secret)
  if (stored === undefined)
    throw new TerminalError(`the Secret ${primaryIdentityName} holds no key; restore or delete it`)
  const { next, retired, promotedAt, rotated, compromised } = stored
  const nextKey = next && readKey(next.privateKey)
  return {
    current: currentKey(stored),
    next: nextKey && { key: nextKey, announcedAt: next.announcedAt },
    retired: retired.flatMap((pem) => readKey(pem) ?? []),
    promotedAt,
    rotated,
    compromised,
  }
}

export function identityOf({ current, next, retired, ...marks }: StoredKeys, clusterUid: string): PrimaryIdentity {
  return {
    ...marks,
    clusterUid,
    privateKey: privateKey(current),
    next: next && { privateKey: privateKey(next.key), announcedAt: next.announcedAt },
    retired: retired.map(privateKey),
  }
}

const privateKey = (key: SigningKey) => new Redacted(toPrivatePem(key))

/** The keys as requests are answered with them. */
export async function keyringOf({ current, next, retired }: StoredKeys, primaryUid: string): Promise<Keyring> {
  const announced = next && { key: next.key, announcement: await signNextKey(primaryUid, next.key) }
  return createKeyring(primaryUid, { current, next: announced, retired })
}

function currentKey({ privateKey }: PrimaryIdentity): SigningKey {
  try {
    return signingKeyFromPem(privateKey.reveal())
  } catch (error) {
    throw new TerminalError(`the Secret ${primaryIdentityName} holds no Ed25519 private key; restore or delete it`, {
      cause: error,
    })
  }
}

function readKey(pem: Redacted<string>): SigningKey | undefined {
  try {
    return signingKeyFromPem(pem.reveal())
  } catch {
    return undefined
  }
}
