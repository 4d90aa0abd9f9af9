/**
 * The five objects of a secondary, each by its name: read live, because a stale cache would start a join that has just
 * ended, and written whole by server-side apply, because rights by name do not cover a create. Decides nothing.
 */
import { mcClusterInfoName } from '../api/mc-cluster-info.ts'
import { mcIdentityName } from '../api/mc-identity.ts'
import { mcJoinConfigName, mcJoinName } from '../api/mc-join.ts'
import { mcJoinStatusName } from '../api/mc-join-status.ts'
import type { KubeClient } from '../kube/client.ts'
import { type ConfigMap, configMapKind, type Secret, secretKind } from '../kube/objects.ts'
import { fieldManager } from './field-manager.ts'

/** What the user gives. */
export interface GivenObjects {
  readonly join: Secret | undefined
  readonly config: ConfigMap | undefined
}

export interface SecondaryObjects extends GivenObjects {
  readonly status: Secret | undefined
  readonly clusterInfo: Secret | undefined
  readonly identity: Secret | undefined
}

/** The Secrets that are ours to write. */
export type OwnSecretName = typeof mcJoinStatusName | typeof mcClusterInfoName | typeof mcIdentityName

export interface ObjectStore {
  readGiven(): Promise<GivenObjects>
  readAll(): Promise<SecondaryObjects>
  /** Makes the Secret hold this; keys and annotations that were written before and are not in it go. */
  write(
    name: OwnSecretName,
    content: { data: Record<string, string>; annotations?: Record<string, string> },
  ): Promise<Secret>
  /** Deletes the very object that was read, and nothing that has taken its place. */
  remove(secret: Secret | undefined): Promise<void>
}

export function createObjectStore({ client, namespace }: { client: KubeClient; namespace: string }): ObjectStore {
  const secret = async (name: string) => client.get(secretKind, { namespace, name })

  async function readGiven(): Promise<GivenObjects> {
    const [join, config] = await Promise.all([
      secret(mcJoinName),
      client.get(configMapKind, { namespace, name: mcJoinConfigName }),
    ])
    return { join, config }
  }

  return {
    readGiven,
    async readAll() {
      const [given, status, clusterInfo, identity] = await Promise.all([
        readGiven(),
        secret(mcJoinStatusName),
        secret(mcClusterInfoName),
        secret(mcIdentityName),
      ])
      return { ...given, status, clusterInfo, identity }
    },
    async write(name, { data, annotations = {} }) {
      const object = { metadata: { namespace, name, annotations }, type: ownType, data }
      return client.apply(secretKind, object, { fieldManager, force: true })
    },
    async remove(object) {
      if (object === undefined) return
      await client.delete(secretKind, { namespace, name: object.metadata.name }, { uid: object.metadata.uid })
    },
  }
}

const ownType = 'Opaque'

/** Why a Secret under one of our names is somebody else's and must not be touched; undefined where it is ours. */
export function foreignBecause(secret: Secret | undefined): string | undefined {
  if (secret === undefined) return undefined
  const name = secret.metadata.name
  if (secret.immutable === true) return `the Secret ${name} is immutable, so it cannot be used; delete it`
  if (secret.type !== undefined && secret.type !== ownType)
    return `the Secret ${name} has the type ${secret.type} instead of ${ownType}, so it is not touched; delete it`
  return undefined
}
