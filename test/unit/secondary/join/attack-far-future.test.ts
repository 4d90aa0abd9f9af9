/** A primary that disconnects a cluster and names a moment that no calendar has: the cluster is free all the same. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { freshAttempts } from '../../../../src/secondary/join/attempts.ts'
import { decideJoin } from '../../../../src/secondary/join/join.decide.ts'
import { contactAfter, noContact } from '../../../../src/secondary/membership/heartbeat.decide.ts'

const { thumbprint: kid, x } = generateSigningKey()

for (const at of [Number.MAX_SAFE_INTEGER, 8_640_000_000_001, 253_402_300_800])
  it(`is disconnected by a word that names the second ${at}`, () => {
    const beat = { kind: 'answered', reply: { status: 'Disconnected', at }, endpoint: 'https://hub.example' } as const
    const decision = decideJoin({
      monotonic: 0,
      namespace: 'kasten-io',
      hash: 'hash',
      asked: undefined,
      status: undefined,
      member: {
        primaryUid: 'hub-uid',
        primaryName: 'hub',
        clusterName: 'east',
        dialect: 'first',
        endpoint: 'https://hub.example',
        endpoints: [],
        keys: { current: { kid, x } },
      },
      hasFormer: false,
      back: undefined,
      isLeaving: false,
      word: contactAfter(noContact(), beat, 0).word,
      attempts: freshAttempts('hash'),
    })
    assert.equal(decision.kind, 'clean-up')
    assert.match(
      decision.statement?.msg ?? '',
      /^Disconnected: east was disconnected from hub by the primary at 9999-12-31T23:59:59Z;/,
    )
  })
