import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ProtocolError } from '../../../../src/protocol/errors.ts'
import { freshAttempts } from '../../../../src/secondary/join/attempts.ts'
import type { JoinObservation } from '../../../../src/secondary/join/join.decide.ts'
import {
  asking,
  decideOn,
  disconnected,
  disconnectedMsg,
  goesOn,
  hash,
  joinedOtherwise,
  member,
  ok,
  otherKey,
  otherKeyMsg,
  plan,
  refused,
  rest,
  stored,
  tokenInvalid,
  unknown,
  unknownMsg,
} from './join-observation.fixture.ts'

const cases: readonly [title: string, seen: Partial<JoinObservation>, decision: object][] = [
  // Nothing is asked for.
  ['rests without mc-join', { asked: undefined }, rest],
  [
    'forgets that it has joined where both mc-join and the membership were deleted',
    { asked: undefined, status: stored('Joined') },
    { kind: 'forget' },
  ],
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
  ...[otherKey, unknown].map((word): (typeof cases)[0] => [
    `no longer says beside a refusal that the membership goes on when the primary says ${word.kind}`,
    { status: stored('Rejected', `TokenScope: a; b ${goesOn}`), member, word },
    { kind: 'say', statement: { status: 'Rejected', msg: 'TokenScope: a; b', hash } },
  ]),
  [
    'says of what it was asked for before that the membership goes on only while there is one',
    { asked: undefined, status: stored('Rejected', `TokenScope: a; b ${goesOn}`, 'another-hash') },
    { kind: 'say', statement: { status: 'Rejected', msg: 'TokenScope: a; b', hash: 'another-hash' } },
  ],
  [
    'refuses content at home without a word of a membership that is another key’s by now',
    { asked: refused(new ProtocolError('TokenMalformed', 'a', { remedy: 'b' })), member, word: otherKey },
    { kind: 'say', statement: { status: 'Rejected', msg: 'TokenMalformed: a; b', hash } },
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
      assert.deepEqual(decideOn(seen), decision)
    })
})
