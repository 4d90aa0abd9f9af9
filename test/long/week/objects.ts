/** The objects of a secondary, in memory: what its user gives, and what it has written. It keeps them over a restart. */
import { annotations } from '../../../src/api/group.ts'
import { mcClusterInfoName } from '../../../src/api/mc-cluster-info.ts'
import { decodeIdentity, mcIdentityName } from '../../../src/api/mc-identity.ts'
import { mcJoinName } from '../../../src/api/mc-join.ts'
import { decodeJoinStatus, mcJoinStatusName } from '../../../src/api/mc-join-status.ts'
import { encodeSecretData } from '../../../src/api/secret-data.ts'
import type { Secret } from '../../../src/kube/objects.ts'
import { signingKeyFromPem } from '../../../src/protocol/keys.ts'
import type { GivenObjects, ObjectStore } from '../../../src/secondary/objects.ts'

/** What a week has to do with the objects of a secondary. */
export interface MemberObjects {
  stored(name: string): Secret | undefined
  /** The user creates or replaces `mc-join`. */
  give(values: Readonly<Record<string, string>>): void
  /** The user puts a word into this annotation of `mc-cluster-info`, which asks for something. */
  ask(annotation: typeof annotations.leave | typeof annotations.rotate, word: string): void
}

export interface HeldObjects extends MemberObjects, ObjectStore {
  given(): GivenObjects
  /** Called after each change. */
  onChange: () => void
}

/** Thumbprint of the key that the secondary uses. */
export function keyIdOf(objects: MemberObjects): string | undefined {
  const secret = objects.stored(mcIdentityName)
  const identity = secret === undefined ? undefined : decodeIdentity(secret)
  return identity && signingKeyFromPem(identity.privateKey.reveal()).thumbprint
}

/** `Joined` or another word of mc-join-status, and its message. */
export function statusOf(objects: MemberObjects): { readonly status: string; readonly msg: string } | undefined {
  return decodeJoinStatus(objects.stored(mcJoinStatusName)?.data)
}

export function createHeldObjects(): HeldObjects {
  const secrets = new Map<string, Secret>()
  let version = 0

  function put(name: string, data: Record<string, string>, noted: Record<string, string>): Secret {
    version += 1
    const uid = secrets.get(name)?.metadata.uid ?? `uid-${version}`
    const metadata = { name, uid, resourceVersion: String(version), annotations: noted }
    const secret = { metadata, type: 'Opaque', data }
    secrets.set(name, secret)
    held.onChange()
    return secret
  }

  const given = (): GivenObjects => ({ join: secrets.get(mcJoinName), config: undefined })
  const held: HeldObjects = {
    onChange: () => undefined,
    given,
    stored: (name) => secrets.get(name),
    readGiven: async () => given(),
    readAll: async () => ({
      ...given(),
      status: secrets.get(mcJoinStatusName),
      clusterInfo: secrets.get(mcClusterInfoName),
      identity: secrets.get(mcIdentityName),
    }),
    async write(name, { data, annotations: own = {} }) {
      return put(name, data, { ...usersAnnotations(secrets.get(name)), ...own })
    },
    async remove(secret) {
      if (secret === undefined || secrets.get(secret.metadata.name)?.metadata.uid !== secret.metadata.uid) return
      secrets.delete(secret.metadata.name)
      held.onChange()
    },
    give: (values) => void put(mcJoinName, encodeSecretData(values), {}),
    ask(annotation, word) {
      const info = secrets.get(mcClusterInfoName)
      if (info?.data === undefined) throw new Error('who is no member has nothing to ask')
      put(mcClusterInfoName, info.data, { ...info.metadata.annotations, [annotation]: word })
    },
  }
  return held
}

/** What a user has written stays when somebody else applies. */
function usersAnnotations(secret: Secret | undefined): Record<string, string> {
  const all = secret?.metadata.annotations ?? {}
  const users: readonly string[] = [annotations.leave, annotations.rotate]
  return Object.fromEntries(Object.entries(all).filter(([name]) => users.includes(name)))
}
