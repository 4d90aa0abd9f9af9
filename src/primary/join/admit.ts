/**
 * Decides a proven request and makes the decision true. The first look is into the cache; whatever refuses, or meets
 * somebody who was faster, is looked at again on the API server.
 */
import type { Cluster } from '../../api/cluster.ts'
import { generatedName } from '../../api/cluster-name.ts'
import type { JoinTokenSettings } from '../../api/join-token-settings.ts'
import { isAlreadyExists, isConflict, isNotFound } from '../../kube/errors.ts'
import { type ErrorCode, explain, ProtocolError } from '../../protocol/errors.ts'
import type { VerifiedRequest } from '../../protocol/join-request.ts'
import type { Refusal } from '../../protocol/join-result.ts'
import { goodKeys } from '../cluster/key-use.ts'
import { isConfirmed } from '../cluster/standing.ts'
import type { Suspect } from '../cluster/suspect.ts'
import { suspicions } from '../cluster/suspicion.ts'
import type { Tombstones } from '../cluster/tombstones.ts'
import type { ClusterLookup } from '../cluster-lookup.ts'
import { addUse, userOf } from '../join-token/token-uses.ts'
import {
  type Admission,
  decideAdmission,
  type Granted,
  type Situation,
  standingAfter,
  undoes,
} from './admission.decide.ts'
import { type CommitDeps, commitCluster, commitRecord } from './commit.ts'
import { judgeTelling, judgeToken, judgeUse, type TokenRefusal } from './token-scope.decide.ts'
import type { TokenSource } from './token-source.ts'
import { maxWaiting, type WaitingPlaces } from './waiting-places.ts'
import { reread, settingsOf, tokenIdOf, usersBy, vouchingBy, type Warrant } from './warrant.ts'

export interface AdmitDeps extends CommitDeps {
  readonly primaryUid: string
  readonly tokens: TokenSource
  readonly clusters: ClusterLookup
  readonly tombstones: Tombstones
  readonly waitingPlaces: WaitingPlaces
  readonly suspect: Suspect
}

export interface Request {
  readonly join: VerifiedRequest
  readonly warrant: Warrant
  /** When the challenge was made, ms since the epoch. */
  readonly askedAt: number
}

interface Outcome {
  readonly cluster: Cluster
  /** Nobody can be sure to have heard of it before. */
  readonly isNew: boolean
  /** Its key has taken the place of another. */
  readonly isRebound: boolean
}

export type Admitted =
  /** For an administrator to decide. */
  | ({ readonly kind: 'waiting' } & Outcome)
  | ({ readonly kind: 'member' } & Outcome)
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/** A request with what its warrant asks for now: a user may edit that between two rounds. */
interface Round extends Request {
  readonly settings: JoinTokenSettings
}

interface Decided {
  readonly admission: Admission
  /** Whether the API server has shown a disconnection of the asker. */
  readonly wasDisconnected: boolean
}

interface Grant extends Pick<Decided, 'wasDisconnected'> {
  readonly granted: Granted
  readonly standing: 'admitted' | 'waiting'
}

/** In each round at least one of those who ask for the same succeeds, and a token has few uses. */
const maxRounds = 64

/** A token that ignored what it asks for would be less safe than its owner wanted. */
const unreadable = 'the annotations of the join token on the primary cannot be honoured; see token-error there'

/** Throws `ProtocolError` `Busy` where it has to be asked again, `KubeApiError` where the API server fails. */
export async function admit(deps: AdmitDeps, request: Request): Promise<Admitted> {
  let { warrant } = request
  for (let round = 0; round < maxRounds; round += 1) {
    const settings = settingsOf(warrant, deps.clock.now())
    if (settings === undefined) return refused('TokenScope', unreadable)
    const current: Round = { ...request, warrant, settings }
    // A member that was removed must not come back because a cache has not heard of it: its word is old.
    const isQuick = round === 0 && warrant.kind === 'token'
    const quick = isQuick ? await decide(deps, current, 'cache') : undefined
    const decided = quick?.admission.kind === 'create' ? quick : await decide(deps, current, 'live')
    const { admission } = decided
    if (admission.kind === 'refuse') return refused(admission.code, admission.what, admission.remedy)
    if (admission.kind === 'wait') throw new ProtocolError('Busy', admission.what)
    const standing = standingAfter(admission, settings)
    if (standing === 'denied') return refused('Denied')
    try {
      return await carryOut(deps, current, { granted: admission, standing, wasDisconnected: decided.wasDisconnected })
    } catch (error) {
      if (!isAlreadyExists(error) && !isConflict(error) && !isNotFound(error)) throw error
      const current = await reread(deps.tokens, warrant)
      if (current === undefined) return refused('TokenInvalid')
      warrant = current
    }
  }
  throw new ProtocolError('Busy', 'too many clusters ask for the same at once')
}

async function carryOut(
  deps: AdmitDeps,
  round: Round,
  { granted, standing, wasDisconnected }: Grant,
): Promise<Admitted> {
  const { join, warrant, settings } = round
  const isKnown = granted.kind === 'recognise'
  const hasPlace = isKnown || granted.kind === 'rebind'
  if (standing === 'waiting' && !hasPlace && !deps.waitingPlaces.take(tokenIdOf(warrant), nameOf(granted)))
    throw new ProtocolError('Busy', `${maxWaiting} clusters that came the same way wait for approval already`)
  if (!isKnown) await countUse(deps, round)
  const cluster = await commitCluster(deps, granted, { join, settings })
  if (standing === 'admitted') await commitRecord(deps, cluster.metadata.name, join.claims.k10)
  // No cache is asked for it: an old word that stays would be believed by a member that has only to join again.
  if (warrant.kind === 'token' && wasDisconnected) await forgetDisconnection(deps.tombstones, round)
  const isRebound = granted.kind === 'rebind'
  // Until a heartbeat confirms it: the join that made it may have been cut short, or had to wait for approval.
  const isUnconfirmed = !isConfirmed(cluster)
  return standing === 'waiting'
    ? { kind: 'waiting', cluster, isNew: !isKnown, isRebound }
    : { kind: 'member', cluster, isNew: !isKnown || isUnconfirmed, isRebound }
}

async function decide(deps: AdmitDeps, round: Round, source: 'cache' | 'live'): Promise<Decided> {
  const { join, warrant, settings } = round
  const { claims, key } = join
  const unfit = judgeToken(settings, { uid: claims.sub, name: claims.name, now: deps.clock.now() })
  if (unfit !== undefined) return { admission: { kind: 'refuse', ...unfit }, wasDisconnected: false }
  const situation = await gather(deps, round, source)
  const admission = decideAdmission(situation)
  if (source === 'live') await suspectClone(deps, admission, claims.sub)
  const use = { user: userOf({ uid: claims.sub, keyId: key.thumbprint }), users: usersBy(warrant) }
  const unfitNow = judgeAdmission(settings, admission, use)
  return {
    admission: unfitNow === undefined ? admission : { kind: 'refuse', ...unfitNow },
    wasDisconnected: situation.disconnectedAt !== undefined,
  }
}

/** Also where the token may not tell the newcomer of it: the one who is copied has to know. */
async function suspectClone({ suspect }: AdmitDeps, admission: Admission, newcomer: string): Promise<void> {
  if (admission.kind !== 'refuse' || admission.code !== 'CloneSuspected' || admission.tellsOf === undefined) return
  await suspect(admission.tellsOf, suspicions.sameKeyOtherUid(newcomer))
}

function judgeAdmission(
  settings: JoinTokenSettings,
  admission: Admission,
  use: { readonly user: string; readonly users: readonly string[] },
): TokenRefusal | undefined {
  switch (admission.kind) {
    case 'wait':
      return undefined
    case 'refuse':
      return admission.tellsOf && judgeTelling(settings, { ...use, name: admission.tellsOf.metadata.name })
    case 'create':
    case 'bind':
    case 'recognise':
    case 'rebind':
      return judgeUse(settings, { ...use, name: nameOf(admission), isMember: admission.kind === 'recognise' })
  }
}

function nameOf(granted: Granted): string {
  return granted.kind === 'create' ? granted.name : granted.cluster.metadata.name
}

async function gather(
  deps: AdmitDeps,
  { join, warrant, settings, askedAt }: Round,
  source: 'cache' | 'live',
): Promise<Situation> {
  const { clusters, tombstones } = deps
  const { sub: uid, name } = join.claims
  const keyId = join.key.thumbprint
  const named = async (clusterName: string | undefined) => {
    if (clusterName === undefined) return undefined
    return source === 'live' ? clusters.live(clusterName) : clusters.named(clusterName)
  }
  const [byUid, byKey, byName, tombstone, ...generated] = await Promise.all([
    named(clusters.byUid(uid)?.metadata.name),
    named(clusters.byKey(keyId)?.metadata.name),
    named(name),
    // Never from the cache: a Cluster may have gone from there before its tombstone came, and must not be made again.
    tombstones.findLive({ uid, keyId }),
    ...(name === undefined ? ([8, 16, 32] as const) : []).map(async (digits) => {
      const candidate = generatedName(uid, digits)
      return { name: candidate, cluster: await named(candidate) }
    }),
  ])
  // A name made from the applicant's own uid may be its own already, where the cache does not know it yet.
  const own =
    generated.find(({ cluster }) => cluster?.spec.member?.uid === uid)?.cluster ??
    (byName?.spec.member?.uid === uid ? byName : undefined)
  return {
    applicant: { uid, keyId, name, askedAt },
    primaryUid: deps.primaryUid,
    byUid: byUid?.spec.member?.uid === uid ? byUid : own,
    byKey: byKey !== undefined && goodKeys(byKey).includes(keyId) ? byKey : undefined,
    byName,
    disconnectedAt: tombstone?.at,
    generatedNames: generated.map((candidate) => ({ name: candidate.name, taken: candidate.cluster !== undefined })),
    vouching: vouchingBy(warrant, settings),
    isReturn: warrant.kind === 'membership',
  }
}

/** A bounded token is used before the Cluster is made: a crash between the two costs the key nothing. */
async function countUse(deps: AdmitDeps, { join, warrant, settings }: Round): Promise<void> {
  if (warrant.kind === 'membership' || settings.maxUses === undefined) return
  const user = userOf({ uid: join.claims.sub, keyId: join.key.thumbprint })
  if (usersBy(warrant).includes(user)) return
  await addUse(deps.client, warrant.token.secret, user, deps.clock.now())
}

/** A member is not disconnected: its tombstone goes with its new Cluster. One that has come since ends that one again. */
async function forgetDisconnection(tombstones: Tombstones, { join, askedAt }: Round): Promise<void> {
  const member = { uid: join.claims.sub, keyId: join.key.thumbprint }
  await tombstones.forget(member, ({ at }) => !undoes(at, askedAt))
}

function refused(code: ErrorCode, what?: string, remedy?: string): Admitted {
  return { kind: 'refused', refusal: { code, msg: explain(code, what, remedy) } }
}
