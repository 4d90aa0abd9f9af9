/** What must be so when all faults have ended and enough time has passed: everybody is where the stored objects say. */
import type { Cluster } from '../../../src/api/cluster.ts'
import { annotations } from '../../../src/api/group.ts'
import { mcJoinName } from '../../../src/api/mc-join.ts'
import { mcJoinStatusName } from '../../../src/api/mc-join-status.ts'
import { goodKeys } from '../../../src/primary/cluster/key-use.ts'
import { storedOutage } from '../../../src/primary/cluster/outage.ts'
import { isConfirmed, standingOf } from '../../../src/primary/cluster/standing.ts'
import { trustedKeys } from '../../../src/secondary/membership/primary-keys.ts'
import type { Secondary, World } from '../world/world.ts'
import { clustersOf, identityOf, isLeaving, keyIdOf, primaryKeysOf, statusOf, wasGivenUp } from './stored.ts'

/** What a user may find as the last word of a refusal. */
const final: ReadonlySet<string> = new Set([
  'TokenInvalid',
  'TokenExpired',
  'TokenScope',
  'TokenExhausted',
  'NameTaken',
  'KeyMismatch',
  'CloneSuspected',
  'Denied',
  'Disconnected',
  'Left',
])
/** How long the last failure of a reconcile must be past, milliseconds. */
const calmFor = 60_000

/** The laws that are broken, in words; `stolen` are the keys by which an attacker has taken the place of a member. */
export function unrest(world: World, stolen: ReadonlySet<string>): readonly string[] {
  return [
    ...twins(world),
    ...clustersOf(world.primary).flatMap((cluster) => hiddenTheft(world, cluster, stolen)),
    ...world.secondaries.flatMap((secondary) => unrestOf(world, secondary)),
    ...clustersOf(world.primary).flatMap((cluster) => untruthOf(world, cluster)),
    ...failuresIn(world),
  ]
}

/** Where two replicas have admitted one cluster under two names, one of the Clusters has gone by now. */
function twins({ primary }: World): readonly string[] {
  const members = clustersOf(primary).flatMap(({ spec }) => spec.member ?? [])
  const areUnique = (values: readonly string[]) => new Set(values).size === values.length
  return [
    ...(areUnique(members.map(({ uid }) => uid)) ? [] : ['two Clusters have one uid']),
    ...(areUnique(members.map(({ keyId }) => keyId)) ? [] : ['two Clusters have one key']),
  ]
}

function unrestOf(world: World, secondary: Secondary): readonly string[] {
  if (trustsNone(world, secondary)) return []
  const { name, server } = secondary
  const identity = identityOf(server)
  const status = statusOf(server)
  const isMember = identity?.joined !== undefined
  const keyId = identity === undefined ? undefined : keyIdOf(identity)
  const own = clustersOf(world.primary).find((cluster) => keyId !== undefined && goodKeys(cluster).includes(keyId))
  const code = status?.msg.split(':')[0] ?? ''
  if (status === undefined) {
    const isAsked = server.get('secrets', mcJoinName) !== undefined
    return isAsked || isMember ? [`${name} says nothing, and has ${isAsked ? 'mc-join' : 'a membership'}`] : []
  }
  switch (status.status) {
    case 'Joined':
      if (!isMember) return [`${name} says Joined and has no membership`]
      if (own !== undefined && isConfirmed(own) && !isLeaving(own)) return []
      return isUnheard(world, secondary) ? [] : [`${name} says Joined, and the primary has no such member`]
    case 'Joining':
      // So does the token, or the membership, that trusts a key which was given up.
      if (code === 'PrimaryKeyMismatch' && wasGivenUp(world.primary)) return []
      // A key of the primary that is younger than its backup is lost with what was restored.
      if (code === 'PrimaryKeyMismatch' && world.restoration() === 'past') return []
      if (code === 'PendingApproval' && own !== undefined && standingOf(own) === 'waiting') return []
      return [`${name} is Joining still: ${status.msg}`]
    case 'Rejected':
      if (status.msg.includes('goes on)') && !(isMember && own !== undefined && isConfirmed(own) && !isLeaving(own)))
        return [`${name} says that its membership goes on, and the primary has no such member: ${status.msg}`]
      return final.has(code) ? [] : [`${name} is Rejected for what is not final: ${status.msg}`]
  }
}

function untruthOf(world: World, cluster: Cluster): readonly string[] {
  const { name } = cluster.metadata
  const says = (type: string) => cluster.status?.conditions?.find((condition) => condition.type === type)
  const claim = `${name} says Joined=${says('Joined')?.status}/${says('Joined')?.reason}, Healthy=${says('Healthy')?.reason}`
  if (isLeaving(cluster)) return [`${name} is being deleted for ever`]
  if (cluster.spec.primary) return says('Ready')?.status === 'True' ? [] : [`the primary's own Cluster is not Ready`]
  const { member } = cluster.spec
  if (member === undefined) return says('Joined')?.reason === 'AwaitingJoin' ? [] : [claim]
  const owner = world.secondaries.find(({ server }) => {
    const identity = identityOf(server)
    return identity?.joined?.membership.clusterName === name && goodKeys(cluster).includes(keyIdOf(identity))
  })
  if (owner !== undefined && trustsNone(world, owner)) return []
  if (owner !== undefined && standingOf(cluster) === 'admitted')
    return says('Ready')?.status === 'True' ? [] : [`${claim}, and ${owner.name} is its member`]
  // Where the primary has lost many at once, it says so of itself, and judges none of them.
  if (clustersOf(world.primary).some((each) => storedOutage(each) !== undefined)) return []
  return says('Healthy')?.reason === 'Heartbeat' ? [`${claim}, and nobody beats for it`] : []
}
/**
 * Whether the primary holds none of the keys that this member believes: they were given up, or are younger than the backup
 * that it was restored from. Nothing reaches such a member.
 */
function trustsNone(world: World, { server }: Secondary): boolean {
  const membership = identityOf(server)?.joined?.membership
  if (membership === undefined) return false
  if (!wasGivenUp(world.primary) && world.restoration() === 'never') return false
  return !trustedKeys(membership).some(({ thumbprint }) => isHeld(world, thumbprint))
}

/**
 * Whether a restored primary, which has forgotten this member, has also forgotten the key by which the member's token is: it
 * cannot know who asks, and says nothing that is signed. The member shows that.
 */
function isUnheard(world: World, { server }: Secondary): boolean {
  const token = identityOf(server)?.joined?.token.reveal()
  const shown = server.get('secrets', mcJoinStatusName)?.metadata.annotations?.[annotations.contactError]
  if (token === undefined || world.restoration() === 'never') return false
  return !isHeld(world, signerOf(token)) && shown?.startsWith('ProofInvalid') === true
}

/** Whether the primary has this key. */
function isHeld({ primary }: World, keyId: string): boolean {
  const keys = primaryKeysOf(primary)
  if (keys === undefined) return true
  const held = [keys.current, ...keys.retired, ...(keys.next === undefined ? [] : [keys.next.key])]
  return held.some(({ thumbprint }) => thumbprint === keyId)
}

/** The thumbprint of the key that a compact JWS names. */
function signerOf(jws: string): string {
  const header: unknown = JSON.parse(Buffer.from(jws.split('.')[0] ?? '', 'base64url').toString())
  return String(Object(header).kid)
}

/** Where a thief has changed the key of a member, both sides show it. */
function hiddenTheft(world: World, cluster: Cluster, stolen: ReadonlySet<string>): readonly string[] {
  const { member } = cluster.spec
  if (member === undefined || !stolen.has(member.keyId) || world.restoration() !== 'never') return []
  const victim = world.secondaries.find(({ uid }) => uid === member.uid)
  const hasMembership =
    victim !== undefined && identityOf(victim.server)?.joined?.membership.clusterName === cluster.metadata.name
  if (!hasMembership || trustsNone(world, victim)) return []
  const { name, server } = victim
  const isShown = cluster.status?.conditions?.some(({ type, status }) => type === 'CloneSuspected' && status === 'True')
  return [
    ...(statusOf(server)?.status === 'Joined' ? [`${name} says Joined, and a thief has its membership`] : []),
    ...(isShown === true ? [] : [`${cluster.metadata.name} does not show that a thief has it`]),
  ]
}

/** A reconcile that goes on failing waits for somebody with an editor. */
function failuresIn({ log, scheduler }: World): readonly string[] {
  const recent = log.lines.filter(
    ({ at, level, message }) =>
      at > scheduler.elapsed() - calmFor && (level === 'warn' || level === 'error') && message.includes('failed'),
  )
  return [
    ...new Set(recent.map(({ from, message, fields }) => `${from} goes on: ${message}: ${String(fields['err'])}`)),
  ]
}
