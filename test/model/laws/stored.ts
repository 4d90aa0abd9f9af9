/** What is stored in a world, read as the product reads it; and how things were while a request was being answered. */
import type { Cluster } from '../../../src/api/cluster.ts'
import { annotations } from '../../../src/api/group.ts'
import { decodeIdentity, type Identity, mcIdentityName } from '../../../src/api/mc-identity.ts'
import { decodeJoinStatus, type JoinStatus, mcJoinStatusName } from '../../../src/api/mc-join-status.ts'
import { primaryIdentityName } from '../../../src/api/primary-identity.ts'
import type { Secret } from '../../../src/kube/objects.ts'
import { readKeys, type StoredKeys } from '../../../src/primary/identity/stored-keys.ts'
import { signingKeyFromPem } from '../../../src/protocol/keys.ts'
import type { MemoryApiServer } from '../../support/memory-api/server.ts'
import type { StoredObject } from '../../support/memory-api/stored.ts'

export const asCluster = (object: StoredObject): Cluster => object as unknown as Cluster
export const asSecret = (object: StoredObject): Secret => object

export function clustersOf(server: MemoryApiServer): readonly Cluster[] {
  return server.all('clusters').map(asCluster)
}

export function identityOf(server: MemoryApiServer): Identity | undefined {
  const secret = server.get('secrets', mcIdentityName)
  return secret === undefined ? undefined : decodeIdentity(asSecret(secret))
}

/** The signing keys of the primary. */
export function primaryKeysOf(primary: MemoryApiServer): StoredKeys | undefined {
  const secret = primary.get('secrets', primaryIdentityName)
  return secret === undefined ? undefined : readKeys(asSecret(secret))
}

/** Whether a signing key of the primary was ever declared to be somebody else's too. */
export function wasGivenUp(primary: MemoryApiServer): boolean {
  return everSince(
    primary,
    'secrets',
    0,
    ({ metadata }) => metadata.annotations?.[annotations.compromised] !== undefined,
  )
}

export function statusOf(server: MemoryApiServer): JoinStatus | undefined {
  const secret = server.get('secrets', mcJoinStatusName)
  return secret === undefined ? undefined : decodeJoinStatus(asSecret(secret).data)
}

export function tokenIdOf(object: StoredObject): string | undefined {
  return object.metadata.annotations?.[annotations.tokenId]
}

export function isLeaving({ metadata }: { readonly metadata: { readonly deletionTimestamp?: string } }): boolean {
  return metadata.deletionTimestamp !== undefined
}

const thumbprints = new Map<string, string>()

/** Of the key that is stored; reading one takes a while, and it is read often. */
export function keyIdOf(identity: Identity): string {
  const pem = identity.privateKey.reveal()
  const known = thumbprints.get(pem) ?? signingKeyFromPem(pem).thumbprint
  if (thumbprints.size > 1_000) thumbprints.clear()
  thumbprints.set(pem, known)
  return known
}

/** Whether one and the same object was like this all the time since that version, and is now. */
export function heldSince(
  server: MemoryApiServer,
  plural: string,
  since: number,
  isSo: (object: StoredObject) => boolean,
): boolean {
  const recent = server.changes.slice(since)
  return server
    .all(plural)
    .filter(isSo)
    .some(({ metadata: { uid } }) =>
      recent
        .filter(({ before, after }) => (before ?? after)?.metadata.uid === uid)
        .every(({ before }) => before !== undefined && isSo(before)),
    )
}

/** Whether any object was like this at some moment since that version. */
export function everSince(
  server: MemoryApiServer,
  plural: string,
  since: number,
  isSo: (object: StoredObject) => boolean,
): boolean {
  const recent = server.changes.slice(since).flatMap((change) => (change.plural === plural ? [change] : []))
  return server.all(plural).some(isSo) || recent.some(({ before }) => before !== undefined && isSo(before))
}
