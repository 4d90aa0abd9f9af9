/**
 * What must hold at every moment of a world, looked at with every change that is stored and every answer that is given.
 * It keeps what was broken, in words; it stops nothing.
 */
import type { Cluster, ClusterMember } from '../../../src/api/cluster.ts'
import { annotations } from '../../../src/api/group.ts'
import { mcClusterInfoName } from '../../../src/api/mc-cluster-info.ts'
import { mcIdentityName } from '../../../src/api/mc-identity.ts'
import { decodeJoinStatus, mcJoinStatusName } from '../../../src/api/mc-join-status.ts'
import { isConfirmed, standingOf } from '../../../src/primary/cluster/standing.ts'
import { challengePath, joinPath, rekeyPath } from '../../../src/protocol/wire.ts'
import type { Change } from '../../support/memory-api/changes.ts'
import type { MemoryApiServer } from '../../support/memory-api/server.ts'
import type { StoredObject } from '../../support/memory-api/stored.ts'
import type { Occasion } from '../world/api-way.ts'
import type { Answered } from '../world/network.ts'
import { type Secondary, secondariesOf, type World } from '../world/world.ts'
import { payloadOf, readAsked } from './asked.ts'
import { keepExpelled } from './expelled.ts'
import {
  asCluster,
  asSecret,
  clustersOf,
  everSince,
  identityOf,
  isLeaving,
  keyIdOf,
  statusOf,
  tokenIdOf,
} from './stored.ts'
import { falseRefusal } from './truth.ts'
import { keepUnique } from './unique.ts'

export interface Ledger {
  readonly broken: readonly string[]
  /** What may be for a while, and must have ended when everybody has heard of everything: the laws that it breaks then. */
  overdue(): readonly string[]
  answered(answered: Answered): void
}

export function keepLedger(world: World): Ledger {
  const { primary } = world
  const broken: string[] = []
  /** When the challenge of this server nonce was given. */
  const challenged = new Map<string, number>()
  /** When the Cluster of this key was last disconnected, and how many changes there were. */
  const disconnected = new Map<string, { readonly at: number; readonly since: number }>()
  /** By uid: Clusters of disconnected members that a lagging replica has made, and what is wrong with each. */
  const unheard = new Map<string, string>()
  /** By uid: how many changes there were when this Cluster got its member, or that its key. */
  const joinedAt = new Map<string, number>()
  const expelled = keepExpelled(world)
  const unique = keepUnique(world)
  /** How many changes there were when the last heartbeat came from this secondary that was answered `ok`. */
  const answeredOk = new Map<string, number>()
  /** Every key whose membership a heartbeat has confirmed. */
  const confirmed = new Set<string>()
  /** Whom each token has admitted, and how many it may at most. */
  const admitted = new Map<string, { readonly keys: Set<string>; most: number }>()

  primary.onChange((change) => {
    const during = world.during()
    if (world.restoration() === 'now') return forget()
    if (during?.isProofless === true) broken.push(`a request without proof has changed ${change.plural}`)
    if (change.plural === 'secrets') followToken(change)
    if (change.plural === 'clusters') followCluster(change, during)
  })
  world.eachSecondary((secondary) => secondary.server.onChange((change) => followSecondary(secondary, change)))

  /** What is put back is no work of the primary's, and it knows nothing of what has happened since. */
  function forget(): void {
    disconnected.clear()
    expelled.forget()
    unique.putBack()
    for (const token of admitted.values()) token.most = Infinity
  }

  function followToken({ after }: Change): void {
    const id = after === undefined ? undefined : tokenIdOf(after)
    if (after === undefined || id === undefined) return
    const most = Number(after.metadata.annotations?.[annotations.maxUses] ?? Infinity)
    const known = admitted.get(id)
    if (known === undefined) admitted.set(id, { keys: new Set(), most })
    else known.most = Math.max(known.most, most)
  }

  function followCluster({ before, after }: Change, during: Occasion | undefined): void {
    const old = before === undefined ? undefined : asCluster(before)
    const now = after === undefined ? undefined : asCluster(after)
    if (now !== undefined && isConfirmed(now) && now.spec.member !== undefined) confirmed.add(now.spec.member.keyId)
    if (old !== undefined && now !== undefined && isLeaving(now) && !isLeaving(old) && old.spec.member !== undefined)
      noteDeletion(old.spec.member)
    const [oldKey, newKey] = [old?.spec.member?.keyId, now?.spec.member?.keyId]
    if (now !== undefined && newKey !== undefined && oldKey === undefined) judgeAdmission(now, during)
    if (now !== undefined && newKey !== undefined && oldKey !== undefined && newKey !== oldKey) {
      const isRekey = during?.path.endsWith(rekeyPath(now.metadata.name)) === true
      if (!isRekey && !isAllowed(before, newKey, during))
        broken.push(`the key of ${now.metadata.name} has changed, and it has not asked for that`)
    }
    if (now !== undefined && newKey !== oldKey) joinedAt.set(now.metadata.uid ?? '', primary.changes.length)
    broken.push(...unique.look())
  }

  function noteDeletion(member: ClusterMember): void {
    disconnected.set(member.keyId, { at: world.scheduler.elapsed(), since: primary.changes.length })
    expelled.note(member)
  }

  /** Whether an administrator has let this very key take the place of the other. */
  function isAllowed(before: StoredObject | undefined, keyId: string, during: Occasion | undefined): boolean {
    if (during?.path.endsWith(joinPath) !== true || before === undefined) return false
    const asked = readAsked(during.body)
    const isOwn = asked.keyId === keyId && asked.uid === asCluster(before).spec.member?.uid
    const isNamed = before.metadata.annotations?.[annotations.allowRebind] === keyId
    const isMadeFor = ({ metadata }: StoredObject) => metadata.annotations?.[annotations.boundUid] === asked.uid
    return isOwn && (isNamed || everSince(primary, 'secrets', during.since, isMadeFor))
  }

  /** A Cluster has got its member. */
  function judgeAdmission(cluster: Cluster, during: Occasion | undefined): void {
    const { name } = cluster.metadata
    const { member } = cluster.spec
    const asked = during?.path.endsWith(joinPath) === true ? readAsked(during.body) : undefined
    if (member === undefined || during === undefined || asked === undefined)
      return void broken.push(`${name} has got a member, and none has joined`)
    if (asked.keyId !== member.keyId || asked.uid !== member.uid)
      broken.push(`${name} has got another member than the one that has joined`)
    const token = asked.tid === null ? undefined : admitted.get(asked.tid)
    token?.keys.add(member.keyId)
    if (asked.tid === null && standingOf(cluster) === 'admitted')
      broken.push(`${name} has come back by itself, and nobody was asked`)
    if (token !== undefined && token.keys.size > token.most)
      broken.push(`a token of ${token.most} uses has admitted ${token.keys.size} clusters`)
    if (asked.tid !== null && isRevokedBefore(asked.tid, during.since))
      broken.push(`a revoked token has admitted ${name}`)
    const askedAt = challenged.get(asked.serverNonce) ?? Infinity
    const isOld = askedAt < (disconnected.get(member.keyId)?.at ?? -Infinity) && !isSkewed()
    if (isOld) comesBack(cluster, 'an older request has brought it back')
    else if (expelled.mustStayOut(member)) comesBack(cluster, 'has come back by itself')
  }

  /** A replica that has not heard of a Cluster hears nothing of its deletion either, while that is carried out. */
  function comesBack({ metadata: { name, uid = '' } }: Cluster, how: string): void {
    const fault = `${name} was disconnected, and ${how}`
    if (hasLagged()) unheard.set(uid, fault)
    else broken.push(fault)
  }

  function isRevokedBefore(tokenId: string, version: number): boolean {
    const isToken = (object: StoredObject | undefined) => object !== undefined && tokenIdOf(object) === tokenId
    const last = primary.changes
      .slice(0, version)
      .findLast(({ before, after, plural }) => plural === 'secrets' && (isToken(before) || isToken(after)))
    return last !== undefined && !isToken(last.after)
  }

  let everLagged = false
  const hasLagged = () => {
    everLagged ||= [...world.faults.held].some((cache) => cache.endsWith(' clusters'))
    return everLagged
  }
  const isSkewed = () => world.replicas.some((replica) => replica.process().skew !== 0)

  function followSecondary(secondary: Secondary, change: Change): void {
    const changed = (change.after ?? change.before)?.metadata.name
    if (changed === mcJoinStatusName && change.after !== undefined) judgeStatement(secondary, change)
    if (changed === mcIdentityName) judgeEnd(secondary, change)
  }

  function judgeStatement({ name, uid, server }: Secondary, { before }: Change): void {
    const identity = identityOf(server)
    const status = statusOf(server)
    // Where the whole Secret is missing a user has just deleted it, and it is written back: the law of the end is for that.
    if (status?.msg.includes('goes on)') === true && identity !== undefined && identity.joined === undefined)
      broken.push(`${name} says that its membership goes on, and has none`)
    if (status?.status !== 'Joined' || identity === undefined) return
    const keyId = keyIdOf(identity)
    if (!confirmed.has(keyId)) broken.push(`${name} says Joined, and the primary has never confirmed it`)
    // A copy may join anew while the other one hears of the Cluster before.
    if (world.restoration() !== 'never' || secondariesOf(world, uid).length > 1) return
    const isNew = before === undefined || decodeJoinStatus(asSecret(before).data)?.status !== 'Joined'
    const own = clustersOf(primary).filter(({ spec }) => spec.member?.keyId === keyId)
    // A replica that shows the Cluster before, under the same name and key, answers for that one; the next beat confirms.
    const isAnswered = own.some(({ metadata }) => (answeredOk.get(name) ?? -1) > bornAt(metadata.uid))
    if (isNew && own.length > 0 && !own.some(isConfirmed) && !isAnswered)
      broken.push(`${name} says Joined, and the primary has not confirmed it yet`)
  }

  /** After so many changes. */
  const bornAt = (uid: string | undefined) =>
    primary.changes.findIndex(({ before, after }) => before === undefined && after?.metadata.uid === uid)

  function judgeEnd({ name, uid, server }: Secondary, { before }: Change): void {
    const identity = identityOf(server)
    const hadMembership = before?.['data'] !== undefined && 'membership' in Object(before['data'])
    if (!hadMembership || identity === undefined || identity.joined !== undefined) return
    const keyId = keyIdOf(identity)
    const isMember = clustersOf(primary).some(
      (cluster) =>
        cluster.spec.member?.keyId === keyId && isConfirmed(cluster) && !isLeaving(cluster) && !isEnded(cluster),
    )
    // It may have heard the word that a restored primary has forgotten, or that a copy of it has outlived.
    if (
      isMember &&
      !wasAskedToLeave(server) &&
      world.restoration() === 'never' &&
      secondariesOf(world, uid).length === 1
    )
      broken.push(`${name} has given up its membership, and nobody has disconnected it`)
  }

  /** Of two Clusters of one member, the deletion of either disconnects it. */
  function isEnded({ metadata: { uid = '' }, spec: { member } }: Cluster): boolean {
    return (joinedAt.get(uid) ?? Infinity) < (disconnected.get(member?.keyId ?? '')?.since ?? -Infinity)
  }

  return {
    broken,
    overdue: () =>
      clustersOf(primary).flatMap((cluster) => {
        const { name, uid = '' } = cluster.metadata
        const fault = unheard.get(uid)
        if (fault !== undefined) return [`${fault} for good`]
        return isEnded(cluster) ? [`${name} stands, and its member was disconnected`] : []
      }),
    answered(answered) {
      const { message, answer, since } = answered
      if (message.path.endsWith('/heartbeat') && answer.status === 200) answeredOk.set(message.from, since)
      if (message.path.endsWith(challengePath) && answer.status === 200)
        challenged.set(serverNonceOf(answer.body), world.scheduler.elapsed())
      if (message.path.endsWith(joinPath) && answer.status === 200) {
        const asked = readAsked(message.body)
        if (asked.tid !== null && isRevokedBefore(asked.tid, since)) broken.push('a revoked token is accepted')
      }
      const fault = falseRefusal(primary, answered)
      if (fault !== undefined) broken.push(fault)
    },
  }
}

/** By `mc-cluster-info`, or by the last one that there was: leaving goes on where that is lost. */
function wasAskedToLeave({ changes }: MemoryApiServer): boolean {
  const last = changes.findLast(({ before, after }) => (after ?? before)?.metadata.name === mcClusterInfoName)
  return (last?.after ?? last?.before)?.metadata.annotations?.[annotations.leave] !== undefined
}

function serverNonceOf(body: string): string {
  const { challenge } = JSON.parse(body) as { challenge: string }
  return (JSON.parse(payloadOf(challenge)) as { sn: string }).sn
}
