/** What the administrators on both sides do with kubectl. They see what is stored, and wait for nobody. */
import { clusterKind } from '../../src/api/cluster.ts'
import { annotations, apiVersion } from '../../src/api/group.ts'
import { joinTokenType } from '../../src/api/join-token-secret.ts'
import { mcClusterInfoName } from '../../src/api/mc-cluster-info.ts'
import { mcJoinName } from '../../src/api/mc-join.ts'
import { primaryIdentityName } from '../../src/api/primary-identity.ts'
import { decodeSecretValue, encodeSecretData } from '../../src/api/secret-data.ts'
import type { Secret } from '../../src/kube/objects.ts'
import type { MemoryApiServer } from '../support/memory-api/server.ts'
import { clusterNamed, type PrimaryKeyName, type TokenWish, tokenNamed } from './actions.ts'
import { identityOf, keyIdOf, primaryKeysOf } from './laws/stored.ts'
import { away, endpoint, home, namespace } from './world/places.ts'
import { secondaryOf, type World } from './world/world.ts'

export interface Users {
  /** A token of this name; an older one is deleted first. */
  createToken(token: number, wish: TokenWish): Promise<void>
  annotateToken(token: number, edit: Readonly<Record<string, string>>): void
  revokeToken(token: number): void
  /** What was once read in the Secret of this name, though it may be gone; the newest one. */
  textOf(token: number): string | undefined
  give(secondary: number, token: number, name: number): void
  annotate(secondary: number, object: string, annotation: string): void
  remove(secondary: number, object: string): void
  /** Everything that is in the namespace of this secondary goes. */
  wipe(secondary: number): void
  disconnect(clusterName: string): void
  /** Disconnects the Cluster that this secondary is a member by. */
  expel(secondary: number): void
  approve(clusterName: string, approved: boolean): void
  /** Lets the key that the secondary has now take the place of the one that the Cluster has. */
  allowRebind(clusterName: string, secondary: number): void
  /** Asks for another signing key of the primary. */
  rollKey(): void
  /** Somebody else may have this signing key of the primary. */
  giveUpKey(which: PrimaryKeyName): void
}

const corePaths = '/api/v1/namespaces'
const secretsOf = (where: string) => `${corePaths}/${where}/secrets`
const clusters = `/apis/${apiVersion}/namespaces/${namespace}/${clusterKind.plural}`
const mergePatch = 'application/merge-patch+json'
/** The steps that a user waits for a token. */
const patience = 400

export function createUsers(world: World): Users {
  const { primary } = world
  const read = new Map<number, string>()
  let edits = 0

  const secretNamed = (server: MemoryApiServer, name: string) => server.get('secrets', name) as Secret | undefined
  const patch = (server: MemoryApiServer, path: string, body: object) =>
    void server.handle({ method: 'PATCH', path, body, contentType: mergePatch })
  const remove = (server: MemoryApiServer, path: string) => void server.handle({ method: 'DELETE', path })
  const serverOf = (secondary: number) => secondaryOf(world, secondary)?.server ?? primary
  const disconnect = (clusterName: string) => remove(primary, `${clusters}/${clusterName}`)

  return {
    async createToken(token, wish) {
      const name = tokenNamed(token)
      remove(primary, `${secretsOf(namespace)}/${name}`)
      const metadata = { name, annotations: annotationsOf(world, wish) }
      primary.handle({ method: 'POST', path: secretsOf(namespace), body: { metadata, type: joinTokenType } })
      const text = () => decodeSecretValue(secretNamed(primary, name)?.data, 'token')
      for (let step = 0; step < patience && text() === undefined; step += 1) await world.scheduler.step()
      const filled = text()
      if (filled !== undefined && filled !== '') read.set(token, filled)
    },
    annotateToken: (token, edit) =>
      patch(primary, `${secretsOf(namespace)}/${tokenNamed(token)}`, { metadata: { annotations: edit } }),
    revokeToken: (token) => remove(primary, `${secretsOf(namespace)}/${tokenNamed(token)}`),
    textOf: (token) => read.get(token),
    give(secondary, token, name) {
      const text = read.get(token)
      if (text === undefined) return
      const server = serverOf(secondary)
      const data = encodeSecretData({ token: text, endpoint, clusterName: clusterNamed(name) })
      if (secretNamed(server, mcJoinName) === undefined)
        server.handle({ method: 'POST', path: secretsOf(away), body: { metadata: { name: mcJoinName }, data } })
      else patch(server, `${secretsOf(away)}/${mcJoinName}`, { data: { clusterName: null, ...data } })
    },
    annotate(secondary, object, annotation) {
      edits += 1
      const metadata = { annotations: { [annotation]: String(edits) } }
      patch(serverOf(secondary), `${secretsOf(away)}/${object}`, { metadata })
    },
    remove: (secondary, object) => remove(serverOf(secondary), `${secretsOf(away)}/${object}`),
    wipe(secondary) {
      const server = serverOf(secondary)
      for (const plural of ['secrets', 'configmaps'])
        for (const { metadata } of server.all(plural)) remove(server, `${corePaths}/${away}/${plural}/${metadata.name}`)
    },
    disconnect,
    expel(secondary) {
      const clusterName = identityOf(serverOf(secondary))?.joined?.membership.clusterName
      if (clusterName !== undefined) disconnect(clusterName)
    },
    approve: (clusterName, approved) => patch(primary, `${clusters}/${clusterName}`, { spec: { approved } }),
    allowRebind(clusterName, secondary) {
      const identity = identityOf(serverOf(secondary))
      if (identity === undefined) return
      const metadata = { annotations: { [annotations.allowRebind]: keyIdOf(identity) } }
      patch(primary, `${clusters}/${clusterName}`, { metadata })
    },
    giveUpKey(which) {
      const keys = primaryKeysOf(primary)
      const key = { current: keys?.current, next: keys?.next?.key, retired: keys?.retired[0] }[which]
      if (key === undefined) return
      const metadata = { annotations: { [annotations.compromised]: key.thumbprint } }
      patch(primary, `${secretsOf(home)}/${primaryIdentityName}`, { metadata })
    },
    rollKey() {
      edits += 1
      const metadata = { annotations: { [annotations.rotate]: String(edits) } }
      patch(primary, `${secretsOf(home)}/${primaryIdentityName}`, { metadata })
    },
  }
}

function annotationsOf({ secondaries }: World, wish: TokenWish): Record<string, string> {
  const bound = wish.secondary === undefined ? undefined : secondaries[wish.secondary % secondaries.length]
  const only = wish.name === undefined ? undefined : clusterNamed(wish.name)
  return {
    ...(wish.maxUses === undefined ? {} : { [annotations.maxUses]: String(wish.maxUses) }),
    ...(only === undefined ? {} : { [annotations.clusterName]: only }),
    ...(bound === undefined ? {} : { [annotations.boundUid]: bound.uid }),
    ...(wish.approval === undefined ? {} : { [annotations.approval]: 'manual' }),
    ...(wish.lifetime === undefined ? {} : { [annotations.expiresIn]: wish.lifetime }),
  }
}

export const leaveAnnotation = { object: mcClusterInfoName, annotation: annotations.leave } as const
export const rotateAnnotation = { object: mcClusterInfoName, annotation: annotations.rotate } as const
export const retryAnnotation = { object: mcJoinName, annotation: annotations.retry } as const
