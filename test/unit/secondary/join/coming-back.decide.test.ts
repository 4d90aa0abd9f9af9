/** How a member comes back to a primary that was restored from a backup. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { freshAttempts } from '../../../../src/secondary/join/attempts.ts'
import type { JoinObservation } from '../../../../src/secondary/join/join.decide.ts'
import {
  asking,
  back,
  decideOn,
  goesOn,
  hash,
  member,
  ok,
  pendingMsg,
  plan,
  rest,
  stored,
  tokenInvalid,
  unknown,
  unknownMsg,
} from './join-observation.fixture.ts'

const cases: readonly [title: string, seen: Partial<JoinObservation>, decision: object][] = [
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
]

describe('what a member does whose primary has forgotten it', () => {
  for (const [title, seen, decision] of cases)
    it(title, () => {
      assert.deepEqual(decideOn(seen), decision)
    })
})
