/**
 * Who was disconnected while it was a member in full: it comes back only where its user has changed what he asks for. What
 * a user has done since is seen by the versions of his objects.
 */

import type { ClusterMember } from '../../../src/api/cluster.ts'
import { annotations } from '../../../src/api/group.ts'
import { mcIdentityName } from '../../../src/api/mc-identity.ts'
import { joinHash, mcJoinName } from '../../../src/api/mc-join.ts'
import { mcJoinStatusName } from '../../../src/api/mc-join-status.ts'
import type { MemoryApiServer } from '../../support/memory-api/server.ts'
import { secondariesOf, type World } from '../world/world.ts'
import { asSecret, identityOf, keyIdOf, statusOf } from './stored.ts'

export interface Expelled {
  /** The Cluster of this member is being deleted from now on. */
  note(member: ClusterMember): void
  /** Whether this member was disconnected, and everything of its user's is as it was then. */
  mustStayOut(member: ClusterMember): boolean
  forget(): void
}

export function keepExpelled(world: World): Expelled {
  /** By key: what its user had asked for, and where the secondary keeps its memory. */
  const then = new Map<string, string>()

  /** Several where it was copied. */
  const serversOf = ({ uid }: ClusterMember) => secondariesOf(world, uid).map(({ server }) => server)

  function stateOf(member: ClusterMember): string {
    const states = serversOf(member).map((server) => {
      const asked = server.get('secrets', mcJoinName)?.metadata.resourceVersion
      const memory = [mcJoinStatusName, mcIdentityName].map((name) => server.get('secrets', name)?.metadata.uid)
      return [asked, memory]
    })
    return JSON.stringify(states)
  }

  /** Its status is about what it is asked for now, and says that it has joined. */
  function isSettled(member: ClusterMember, server: MemoryApiServer): boolean {
    const [identity, status, asked] = [identityOf(server), statusOf(server), server.get('secrets', mcJoinName)]
    if (identity?.joined === undefined || keyIdOf(identity) !== member.keyId || asked === undefined) return false
    const { data, metadata } = asSecret(asked)
    const hash = joinHash(data, undefined, metadata.annotations?.[annotations.retry])
    return status?.status === 'Joined' && status.hash === hash
  }

  return {
    note(member) {
      const servers = serversOf(member)
      const areSettled = servers.length > 0 && servers.every((server) => isSettled(member, server))
      if (areSettled) then.set(member.keyId, stateOf(member))
    },
    mustStayOut: (member) => then.get(member.keyId) === stateOf(member),
    forget: () => then.clear(),
  }
}
