/** What a secondary sees in most cases of a decision, and the words that it says; a case names what is different. */
import { encodeJoinStatus, type JoinStatusWord } from '../../../../src/api/mc-join-status.ts'
import type { StoredMembership } from '../../../../src/api/membership.ts'
import { Redacted } from '../../../../src/lib/redacted.ts'
import type { ProtocolError } from '../../../../src/protocol/errors.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { issueToken, parseToken } from '../../../../src/protocol/token.ts'
import { freshAttempts } from '../../../../src/secondary/join/attempts.ts'
import { decideJoin, type JoinDecision, type JoinObservation } from '../../../../src/secondary/join/join.decide.ts'
import type { JoinPlan } from '../../../../src/secondary/join/plan.ts'
import { planReturn, type ReturnPlan } from '../../../../src/secondary/join/return-plan.ts'
import type { StoredStatus } from '../../../../src/secondary/join/status.ts'

export const hash = 'the-hash'
export const issued = issueToken({ uid: 'hub-uid', key: generateSigningKey(), endpoints: ['https://hub.example'] })
export const plan: JoinPlan = {
  kind: 'join',
  token: parseToken(issued.text.reveal()),
  endpoints: ['https://hub.example'],
  name: 'east',
  k10: { namespace: 'kasten-io', releaseName: 'k10' },
  allowUntrustedTls: false,
  origin: { dialect: 'first' },
}
export const member: StoredMembership = {
  primaryUid: 'hub-uid',
  primaryName: 'hub',
  clusterName: 'east-1',
  dialect: 'first',
  endpoint: 'https://hub.example',
  endpoints: [],
  keys: { current: { kid: 'k', x: 'x' } },
}
export const communicationToken = new Redacted('communication-token')
export const given = { allowHttp: false, allowUntrustedTls: false, clusterIngress: undefined }
export const back: ReturnPlan = {
  kind: 'return',
  joined: { membership: member, token: communicationToken },
  endpoints: ['https://hub.example'],
  k10: plan.k10,
  allowUntrustedTls: false,
}
export const ok = { kind: 'ok' } as const
export const unknown = { kind: 'unknown' } as const
export const disconnected = { kind: 'disconnected', at: Date.UTC(2030, 0, 1) } as const
export const disconnectedMsg =
  'Disconnected: east-1 was disconnected from hub by the primary at 2030-01-01T00:00:00Z; to join again, put a valid join token into mc-join'
export const unknownMsg =
  'UnknownCluster: the primary does not know this cluster any more; create mc-join with a valid join token if it does not come back by itself'
export const pendingMsg = 'PendingApproval: hub does not know east-1 any more; a'
export const otherKey = { kind: 'other-key' } as const
export const otherKeyMsg =
  'KeyMismatch: hub knows east-1 by another key, which a copy of this cluster, or somebody with its key, has given it; if this is the cluster that is to stay, stop the copy and put a new value into the annotation dist.kio.kasten.io/retry of mc-join: the answer has the command that lets this key in again'
export const joinedOtherwise = 'Joined as east-1; the asked name east was not taken over'
export const goesOn = '(the membership of hub as east-1 goes on)'

export function stored(status: JoinStatusWord, msg = '', about = hash): StoredStatus {
  const said = { status, msg, timestamp: '2030-01-01T00:00:00Z', hash: about }
  return { ...said, annotations: {}, data: encodeJoinStatus(said, 'first') }
}

export function refused(error: ProtocolError) {
  return { ok: false, error } as const
}

/** A join that is asked for and has not been tried; a case names what is different. */
export const untried: JoinObservation = {
  monotonic: 1_000,
  namespace: 'kasten-io',
  hash,
  asked: { ok: true, plan },
  status: undefined,
  member: undefined,
  hasFormer: false,
  back: undefined,
  isLeaving: false,
  word: { kind: 'none' },
  attempts: freshAttempts(hash),
}

export const asking = {
  status: 'Joining',
  msg: 'InProgress: asking the primary at https://hub.example; nothing to do',
  hash,
}
export const rest = { kind: 'rest' }
export const tokenInvalid =
  'TokenInvalid: Invalid join token; create a new join token on the primary and put it into mc-join'

/** The decision on this; a member has the way back that follows from its membership. */
export function decideOn(seen: Partial<JoinObservation>): JoinDecision {
  const { member: its } = seen
  const way = its && planReturn({ membership: its, token: communicationToken }, given, plan.k10)
  return decideJoin({ ...untried, back: way, ...seen })
}
