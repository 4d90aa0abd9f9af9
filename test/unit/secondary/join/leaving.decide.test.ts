/** What is left to do for a cluster that leaves, wherever it was interrupted, and what its user reads. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeJoinStatus, type JoinStatusWord } from '../../../../src/api/mc-join-status.ts'
import type { StoredMembership } from '../../../../src/api/membership.ts'
import { ProtocolError } from '../../../../src/protocol/errors.ts'
import { freshAttempts } from '../../../../src/secondary/join/attempts.ts'
import { decideJoin, type JoinObservation } from '../../../../src/secondary/join/join.decide.ts'
import { decideLeaving, type LeavingObservation, leftStatement } from '../../../../src/secondary/join/leaving.decide.ts'
import type { StoredStatus } from '../../../../src/secondary/join/status.ts'

const hash = 'the-hash'
const member: StoredMembership = {
  primaryUid: 'hub-uid',
  primaryName: 'hub',
  clusterName: 'east',
  dialect: 'first',
  endpoint: 'https://hub.example',
  endpoints: [],
  keys: { current: { kid: 'k', x: 'x' } },
}

function stored(status: JoinStatusWord, msg = '', about = hash): StoredStatus {
  const said = { status, msg, timestamp: '2030-01-01T00:00:00Z', hash: about }
  return { ...said, annotations: {}, data: encodeJoinStatus(said, 'first') }
}
const joined: LeavingObservation = { hash, isAsked: true, status: stored('Joined'), member }
const left = stored('Rejected', 'Left: east left hub; to join again, …')

const cases: readonly [title: string, seen: Partial<LeavingObservation>, due: { tells: boolean; says: boolean }][] = [
  ['tells the primary and says it', {}, { tells: true, says: true }],
  [
    'does both without mc-join, whose content the status is not about',
    { isAsked: false, hash: 'none' },
    { tells: true, says: true },
  ],
  ['does both where its status has been deleted', { status: undefined }, { tells: true, says: true }],
  ['does neither again once it is said', { status: left }, { tells: false, says: false }],
  [
    'does neither where only mc-cluster-info is left',
    { status: left, member: undefined },
    { tells: false, says: false },
  ],
  [
    'does both where it had left before, with other content',
    { status: stored('Rejected', left.msg, 'another-hash'), isAsked: false },
    { tells: true, says: true },
  ],
  ['leaves new content to be tried', { hash: 'new-hash' }, { tells: true, says: false }],
  ['says it where it has lost its membership, and tells nobody', { member: undefined }, { tells: false, says: true }],
  [
    'does both in spite of a refusal',
    { status: stored('Rejected', 'TokenInvalid: a; b') },
    { tells: true, says: true },
  ],
]

describe('a cluster that leaves', () => {
  for (const [title, seen, due] of cases)
    it(title, () => {
      assert.deepEqual(decideLeaving({ ...joined, ...seen }), { kind: 'leave', ...due })
    })

  it('does so before anything else, also where the primary has just disconnected it', () => {
    const seen: JoinObservation = {
      monotonic: 1_000,
      namespace: 'kasten-io',
      hash,
      asked: 'waits-for-config',
      status: stored('Joined'),
      member,
      hasFormer: false,
      back: undefined,
      isLeaving: true,
      word: { kind: 'disconnected', at: 0 },
      attempts: freshAttempts(hash),
    }
    assert.deepEqual(decideJoin(seen), { kind: 'leave', tells: true, says: true })
  })
})

describe('the message of a cluster that has left', () => {
  const again =
    'to join again, put another join token into mc-join, or a new value into its annotation dist.kio.kasten.io/retry'
  const refused = new ProtocolError('ConnectRefused', 'the primary cannot be reached at https://hub.example')

  it('says whom it left, and how it can join again', () => {
    assert.deepEqual(leftStatement(joined, undefined), {
      status: 'Rejected',
      msg: `Left: east left hub; ${again}`,
      hash,
    })
  })

  it('says that and why the primary was not told, and what is to be done there', () => {
    assert.equal(
      leftStatement(joined, refused).msg,
      `Left: east left hub, and the primary was not told: the primary cannot be reached at https://hub.example; delete its Cluster there; ${again}`,
    )
  })

  it('names mc-join as what is missing where there is none', () => {
    assert.equal(
      leftStatement({ ...joined, isAsked: false }, undefined).msg,
      'Left: east left hub; to join again, create mc-join with a valid join token',
    )
  })

  it('tells also where the membership had been lost that nobody was told', () => {
    const { msg } = leftStatement({ ...joined, member: undefined }, undefined)
    assert.match(
      msg,
      /^Left: this cluster left the primary, and the primary was not told: [^;]+; delete its Cluster there; to join again, /,
    )
  })
})
