import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeJoinStatus, type JoinStatusWord } from '../../../../src/api/mc-join-status.ts'
import type { StoredMembership } from '../../../../src/api/membership.ts'
import { Redacted } from '../../../../src/lib/redacted.ts'
import { ProtocolError } from '../../../../src/protocol/errors.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { issueToken, parseToken } from '../../../../src/protocol/token.ts'
import { freshAttempts } from '../../../../src/secondary/join/attempts.ts'
import { decideJoin, type JoinObservation } from '../../../../src/secondary/join/join.decide.ts'
import type { JoinPlan } from '../../../../src/secondary/join/plan.ts'
import { planReturn, type ReturnPlan } from '../../../../src/secondary/join/return-plan.ts'
import type { StoredStatus } from '../../../../src/secondary/join/status.ts'

const hash = 'the-hash'
const issued = issueToken({ uid: 'hub-uid', key: generateSigningKey(), endpoints: ['https://hub.example'] })
const plan: JoinPlan = {
  kind: 'join',
  token: parseToken(issued.text.reveal()),
  endpoints: ['https://hub.example'],
  name: 'east',
  k10: { namespace: 'kasten-io', releaseName: 'k10' },
  allowUntrustedTls: false,
  origin: { dialect: 'first' },
}
const member: StoredMembership = {
  primaryUid: 'hub-uid',
  primaryName: 'hub',
  clusterName: 'east-1',
  dialect: 'first',
  endpoint: 'https://hub.example',
  endpoints: [],
  keys: { current: { kid: 'k', x: 'x' } },
}
const communicationToken = new Redacted('communication-token')
const given = { allowHttp: false, allowUntrustedTls: false, clusterIngress: undefined }
const back: ReturnPlan = {
  kind: 'return',
  joined: { membership: member, token: communicationToken },
  endpoints: ['https://hub.example'],
  k10: plan.k10,
  allowUntrustedTls: false,
}
const ok = { kind: 'ok' } as const
const unknown = { kind: 'unknown' } as const
const disconnected = { kind: 'disconnected', at: Date.UTC(2030, 0, 1) } as const
const disconnectedMsg =
  'Disconnected: east-1 was disconnected from hub by the primary at 2030-01-01T00:00:00Z; to join again, put a valid join token into mc-join'
const unknownMsg =
  'UnknownCluster: the primary does not know this cluster any more; create mc-join with a valid join token if it does not come back by itself'
const pendingMsg = 'PendingApproval: hub does not know east-1 any more; a'
const otherKey = { kind: 'other-key' } as const
const otherKeyMsg =
  'KeyMismatch: hub knows east-1 by another key, which a copy of this cluster, or somebody with its key, has given it; if this is the cluster that is to stay, stop the copy and put a new value into the annotation dist.kio.kasten.io/retry of mc-join: the answer has the command that lets this key in again'
const joinedOtherwise = 'Joined as east-1; the asked name east was not taken over'
const goesOn = '(the membership of hub as east-1 goes on)'

function stored(status: JoinStatusWord, msg = '', about = hash): StoredStatus {
  const said = { status, msg, timestamp: '2030-01-01T00:00:00Z', hash: about }
  return { ...said, annotations: {}, data: encodeJoinStatus(said, 'first') }
}

function refused(error: ProtocolError) {
  return { ok: false, error } as const
}

/** A join that is asked for and has not been tried; a case names what is different. */
const untried: JoinObservation = {
  monotonic: 1_000,
  namespace: 'kasten-io',
  hash,
  asked: { ok: true, plan },
  status: undefined,
  member: undefined,
  back: undefined,
  isLeaving: false,
  word: { kind: 'none' },
  attempts: freshAttempts(hash),
}

const asking = { status: 'Joining', msg: 'InProgress: asking the primary at https://hub.example; nothing to do', hash }
const rest = { kind: 'rest' }
const tokenInvalid = 'TokenInvalid: Invalid join token; create a new join token on the primary and put it into mc-join'

const cases: readonly [title: string, seen: Partial<JoinObservation>, decision: object][] = [
  // Nothing is asked for.
  ['rests without mc-join', { asked: undefined }, rest],
  [
    'forgets a join under way whose mc-join is gone',
    { asked: undefined, status: stored('Joining', 'ConnectRefused: a; b') },
    { kind: 'forget' },
  ],
  ['keeps Joined without mc-join', { asked: undefined, status: stored('Joined'), member, word: ok }, rest],
  ['keeps Rejected without mc-join', { asked: undefined, status: stored('Rejected', tokenInvalid) }, rest],
  [
    'keeps UnknownCluster without mc-join',
    { asked: undefined, status: stored('Joining', unknownMsg), member, word: { kind: 'none' } },
    rest,
  ],
  [
    'shows its membership to a primary that has forgotten a member without mc-join',
    { asked: undefined, status: stored('Joined'), member, word: unknown },
    { kind: 'ask', plan: back, name: 'east-1', first: { status: 'Joining', msg: unknownMsg, hash } },
  ],
  [
    'asks no more without mc-join for a return that was refused',
    { asked: undefined, status: stored('Rejected', 'Denied: a; b'), member, word: unknown },
    rest,
  ],
  [
    'asks again without mc-join when a primary that refused its return answers as to a member',
    { asked: undefined, status: stored('Rejected', 'Denied: a; b'), member, word: ok },
    { kind: 'ask', plan: back, name: 'east-1', first: asking },
  ],
  [
    'waits between two tries to return',
    {
      asked: undefined,
      status: stored('Joining', pendingMsg),
      member,
      word: unknown,
      attempts: { ...freshAttempts(hash), nextAt: 11_000 },
    },
    { kind: 'wait', afterMs: 10_000 },
  ],
  [
    'asks until it is let in, although heartbeats are answered already',
    { asked: undefined, status: stored('Joining', pendingMsg), member, word: ok },
    { kind: 'ask', plan: back, name: 'east-1', first: undefined },
  ],
  [
    'beats until a primary that has let it come back has confirmed it',
    {
      asked: undefined,
      status: stored('Joining', pendingMsg),
      member,
      attempts: { ...freshAttempts(hash), isAdmitted: true },
    },
    { kind: 'confirm' },
  ],
  [
    'says Joined once its return is confirmed',
    {
      asked: undefined,
      status: stored('Joining', pendingMsg),
      member,
      word: ok,
      attempts: { ...freshAttempts(hash), isAdmitted: true },
    },
    { kind: 'say', statement: { status: 'Joined', msg: '', hash } },
  ],
  [
    'keeps the word of a return under way while nothing has been heard since a start',
    { asked: undefined, status: stored('Joining', 'ConnectRefused: a; b'), member },
    rest,
  ],
  [
    'says Joined again when a primary that had forgotten a member without mc-join knows it',
    { asked: undefined, status: stored('Joining', unknownMsg), member, word: ok },
    { kind: 'say', statement: { status: 'Joined', msg: '', hash } },
  ],
  [
    'says Joined of a member whose status and mc-join are gone',
    { asked: undefined, member, word: ok },
    { kind: 'say', statement: { status: 'Joined', msg: '', hash } },
  ],

  // It cannot start.
  [
    'waits for the ConfigMap of the second dialect and says so',
    { asked: 'waits-for-config' },
    {
      kind: 'say',
      statement: {
        status: 'Joining',
        msg: 'WaitingForConfig: mc-join names no endpoint, so the join waits for the ConfigMap mc-join-config in the namespace kasten-io; create it, all of its keys are optional',
        hash,
      },
    },
  ],
  [
    'rejects what is wrong for good before a byte is sent',
    { asked: refused(new ProtocolError('TokenMalformed', 'the token in mc-join is cut off', { remedy: 'copy it' })) },
    {
      kind: 'say',
      statement: { status: 'Rejected', msg: 'TokenMalformed: the token in mc-join is cut off; copy it', hash },
    },
  ],
  [
    'says of a member that bad content does not end its membership',
    { asked: refused(new ProtocolError('TokenMalformed', 'a', { remedy: 'b' })), member, word: ok },
    { kind: 'say', statement: { status: 'Rejected', msg: `TokenMalformed: a; b ${goesOn}`, hash } },
  ],
  [
    'stays Joining where the user only has to allow it',
    { asked: refused(new ProtocolError('InsecureEndpoint', 'a', { remedy: 'b' })) },
    { kind: 'say', statement: { status: 'Joining', msg: 'InsecureEndpoint: a; b', hash } },
  ],

  // It is tried.
  ['asks at once, and says so first', {}, { kind: 'ask', plan, name: 'east', first: asking }],
  [
    'asks again without another word while it is Joining',
    { status: stored('Joining', 'ConnectRefused: a; b') },
    { kind: 'ask', plan, name: 'east', first: undefined },
  ],
  [
    'waits until the next try is due',
    { status: stored('Joining', 'Busy: a; b'), attempts: { ...freshAttempts(hash), nextAt: 3_500 } },
    { kind: 'wait', afterMs: 2_500 },
  ],
  [
    'asks for new content whatever became of the old',
    { status: stored('Rejected', tokenInvalid, 'another-hash') },
    { kind: 'ask', plan, name: 'east', first: asking },
  ],
  [
    'asks for new content of a member too',
    { status: stored('Joined', '', 'another-hash'), member, word: ok },
    { kind: 'ask', plan, name: 'east', first: asking },
  ],
  [
    'beats until the primary has confirmed what it admitted',
    { status: stored('Joining', asking.msg), member, attempts: { ...freshAttempts(hash), isAdmitted: true } },
    { kind: 'confirm' },
  ],
  [
    'says Joined once the primary has confirmed, and which name it did not give',
    { status: stored('Joining'), member, word: ok, attempts: { ...freshAttempts(hash), isAdmitted: true } },
    {
      kind: 'say',
      statement: { status: 'Joined', msg: 'Joined as east-1; the asked name east was not taken over', hash },
    },
  ],

  // It has ended.
  ['rests when this content was refused', { status: stored('Rejected', tokenInvalid) }, rest],
  ['rests when this content has joined', { status: stored('Joined'), member, word: ok }, rest],
  ['rests while a member cannot reach the primary', { status: stored('Joined'), member }, rest],
  [
    'judges again after a start what was found wrong at home, for a newer version may know better',
    { status: stored('Rejected', 'NameInvalid: a; b') },
    { kind: 'ask', plan, name: 'east', first: asking },
  ],
  [
    'does not ask again for what the primary has refused in this process',
    { status: stored('Rejected', 'SelfJoin: a; b'), attempts: { ...freshAttempts(hash), isRefused: true } },
    rest,
  ],
  [
    'joins again when Joined has lost its membership',
    { status: stored('Joined') },
    { kind: 'ask', plan, name: 'east', first: asking },
  ],

  // The primary has spoken to its member.
  [
    'joins again under the registered name when the primary has forgotten it',
    { status: stored('Joined'), member, word: unknown },
    { kind: 'ask', plan, name: 'east-1', otherwise: back, first: { status: 'Joining', msg: unknownMsg, hash } },
  ],
  ...['TokenInvalid', 'TokenExpired', 'TokenExhausted'].map((code): (typeof cases)[0] => [
    `shows its membership to a primary that has forgotten it when this content was refused as ${code}`,
    { status: stored('Rejected', `${code}: a; b ${goesOn}`), member, word: unknown },
    { kind: 'ask', plan: back, name: 'east-1', first: { status: 'Joining', msg: unknownMsg, hash } },
  ]),
  ...['TokenScope', 'NameTaken', 'KeyMismatch', 'CloneSuspected', 'Denied', 'Disconnected'].map(
    (code): (typeof cases)[0] => [
      `does not return to a primary that has forgotten it when it was refused as ${code}`,
      { status: stored('Rejected', `${code}: a; b`), member, word: unknown },
      rest,
    ],
  ),
  [
    'does not show its membership for content that was refused while the primary knows it',
    { status: stored('Rejected', tokenInvalid), member, word: ok },
    rest,
  ],
  [
    'does not show its membership to another primary',
    { status: stored('Rejected', tokenInvalid), member: { ...member, primaryUid: 'other' }, word: unknown },
    rest,
  ],
  [
    'goes on showing its membership where that waits for approval, also after a start',
    { status: stored('Joining', pendingMsg), member },
    { kind: 'ask', plan: back, name: 'east-1', first: undefined },
  ],
  [
    'asks under the asked name when another primary has forgotten it',
    { status: stored('Joined'), member: { ...member, primaryUid: 'other' }, word: unknown },
    { kind: 'ask', plan, name: 'east', first: asking },
  ],
  [
    'is rejected when another key has taken its place',
    { status: stored('Joined'), member, word: otherKey },
    { kind: 'say', statement: { status: 'Rejected', msg: otherKeyMsg, hash } },
  ],
  [
    'is rejected when another key has taken its place, also where mc-join is gone',
    { asked: undefined, status: stored('Joined'), member, word: otherKey },
    { kind: 'say', statement: { status: 'Rejected', msg: otherKeyMsg, hash } },
  ],
  ['says so once', { status: stored('Rejected', otherKeyMsg), member, word: otherKey }, rest],
  [
    'is joined again when the primary takes its key after all',
    { status: stored('Rejected', otherKeyMsg), member, word: ok },
    { kind: 'say', statement: { status: 'Joined', msg: joinedOtherwise, hash } },
  ],
  [
    'is joined again when the primary takes its key after all, also where mc-join is gone',
    { asked: undefined, status: stored('Rejected', otherKeyMsg), member, word: ok },
    { kind: 'say', statement: { status: 'Joined', msg: '', hash } },
  ],
  [
    'stays rejected where a join was refused for its key, whatever the membership before it is told',
    { status: stored('Rejected', `KeyMismatch: other words ${goesOn}`), member, word: ok },
    rest,
  ],
  [
    'cleans up when the primary has disconnected it',
    { status: stored('Joined'), member, word: disconnected },
    { kind: 'clean-up', at: disconnected.at, statement: { status: 'Rejected', msg: disconnectedMsg, hash } },
  ],
  [
    'cleans up without mc-join too',
    { asked: undefined, status: stored('Joined'), member, word: disconnected },
    { kind: 'clean-up', at: disconnected.at, statement: { status: 'Rejected', msg: disconnectedMsg, hash } },
  ],
  [
    'cleans up and leaves content that was given since its own try',
    { status: stored('Joined', '', 'another-hash'), member, word: disconnected },
    { kind: 'clean-up', at: disconnected.at, statement: undefined },
  ],
]

describe('what a secondary does next', () => {
  for (const [title, seen, decision] of cases)
    it(title, () => {
      const { member: its } = seen
      const back = its && planReturn({ membership: its, token: communicationToken }, given, plan.k10)
      assert.deepEqual(decideJoin({ ...untried, back, ...seen }), decision)
    })
})
