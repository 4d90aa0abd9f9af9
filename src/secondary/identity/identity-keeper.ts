/**
 * Loads and stores the identity of this cluster, the Secret `mc-identity`. It is stored before the first byte is sent,
 * so that an answer that is lost can be asked for again with the same key.
 */
import {
  decodeIdentity,
  encodeIdentity,
  formerEntries,
  type Identity,
  mcIdentityName,
  otherKeys,
} from '../../api/mc-identity.ts'
import type { Secret } from '../../kube/objects.ts'
import { Redacted } from '../../lib/redacted.ts'
import { generateSigningKey, type SigningKey, signingKeyFromPem, toPrivatePem } from '../../protocol/keys.ts'
import type { ObjectStore } from '../objects.ts'
import { decideIdentity, type IdentityDecision, type IdentityObservation } from './identity.decide.ts'
import type { OwnIdentity } from './own-identity.ts'

export interface IdentityKeeper {
  /** Which key to use, given the Secret as just read. */
  judge(secret: Secret | undefined): IdentityDecision
  /** Makes and stores a key; one in `secret` that must not be used is moved aside. */
  make(secret: Secret | undefined): Promise<OwnIdentity>
  /** Stores the identity as it is: a key, a membership or a value that it does not have goes. */
  store(secret: Secret | undefined, identity: OwnIdentity): Promise<void>
}

/** Where a key of another cluster is kept: it may be the only copy. */
export const asideKeys = { key: 'aside.key', clusterUid: 'aside.cluster-uid' } as const

export function createIdentityKeeper(deps: { objects: Pick<ObjectStore, 'write'>; ownUid: string }): IdentityKeeper {
  const { objects, ownUid } = deps
  const readStored = createReader()
  let held: OwnIdentity | undefined

  async function write(identity: OwnIdentity, kept: Record<string, string>): Promise<void> {
    const { annotations, data } = encodeIdentity({
      clusterUid: ownUid,
      privateKey: new Redacted(toPrivatePem(identity.key)),
      ...(identity.next === undefined ? {} : { nextKey: new Redacted(toPrivatePem(identity.next)) }),
      ...(identity.previous === undefined ? {} : { previousKey: new Redacted(toPrivatePem(identity.previous)) }),
      ...(identity.rotated === undefined ? {} : { rotated: identity.rotated }),
      ...(identity.joined === undefined ? {} : { joined: identity.joined }),
      ...(identity.former === undefined ? {} : { former: identity.former }),
    })
    await objects.write(mcIdentityName, { annotations, data: { ...kept, ...data } })
    held = identity
  }

  return {
    judge(secret) {
      const decision = decideIdentity({ ownUid, stored: readStored(secret), held })
      if (decision.kind === 'use') held = decision.identity
      return decision
    },
    async make(secret) {
      const identity = { key: generateSigningKey() }
      await write(identity, { ...emptied(secret), ...setAside(secret) })
      return identity
    },
    async store(secret, identity) {
      await write(identity, { ...emptied(secret), ...keptAside(secret) })
    },
  }
}

type PemReader = (pem: string) => SigningKey

/** Reads the Secret. It is read at every pass, and OpenSSL takes most of that for the PEMs, which seldom change. */
function createReader(): (secret: Secret | undefined) => IdentityObservation['stored'] {
  let known: ReadonlyMap<string, SigningKey> = new Map()

  return (secret) => {
    if (secret === undefined) return undefined
    const identity = decodeIdentity(secret)
    if (identity === undefined) return Object.keys(secret.data ?? {}).length === 0 ? undefined : 'damaged'
    const read = new Map<string, SigningKey>()
    const readKey: PemReader = (pem) => {
      const key = known.get(pem) ?? signingKeyFromPem(pem)
      read.set(pem, key)
      return key
    }
    try {
      return { ...identity, own: ownIdentity(identity, readKey) }
    } catch {
      return 'damaged'
    } finally {
      // No key is remembered that the Secret does not hold any more.
      known = read
    }
  }
}

/** Throws where the present key is none. */
function ownIdentity(identity: Identity, read: PemReader): OwnIdentity {
  const { privateKey, nextKey, previousKey, rotated, joined, former } = identity
  const next = otherKey(nextKey, read)
  const previous = otherKey(previousKey, read)
  return {
    key: read(privateKey.reveal()),
    ...(next === undefined ? {} : { next }),
    ...(previous === undefined ? {} : { previous }),
    ...(rotated === undefined ? {} : { rotated }),
    ...(joined === undefined ? {} : { joined }),
    ...(former === undefined ? {} : { former }),
  }
}

/** One that is damaged, or was emptied, counts as none: the membership does not depend on it. */
function otherKey(pem: Redacted<string> | undefined, read: PemReader): SigningKey | undefined {
  try {
    return pem && read(pem.reveal())
  } catch {
    return undefined
  }
}

/** The key that the Secret holds, under the names for what is kept aside. */
function setAside(secret: Secret | undefined): Record<string, string> {
  const key = secret?.data?.['key']
  if (secret === undefined || key === undefined) return keptAside(secret)
  const clusterUid = Buffer.from(decodeIdentity(secret)?.clusterUid ?? '').toString('base64')
  return { [asideKeys.key]: key, [asideKeys.clusterUid]: clusterUid }
}

/** What was kept aside before: an apply that omits it would delete it. */
function keptAside(secret: Secret | undefined): Record<string, string> {
  const kept = Object.values(asideKeys).flatMap((name) => {
    const value = secret?.data?.[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries(kept)
}

/**
 * The entries that need not be there, and which the Secret holds, without their values: where another manager wrote them,
 * like the restore of a backup, they outlive an apply that leaves them out.
 */
function emptied(secret: Secret | undefined): Record<string, string> {
  const optional = ['membership', 'token', ...Object.values(formerEntries), ...Object.values(otherKeys)]
  const held = optional.filter((name) => secret?.data?.[name] !== undefined)
  return Object.fromEntries(held.map((name) => [name, '']))
}
