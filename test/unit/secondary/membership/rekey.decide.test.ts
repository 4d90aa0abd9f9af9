import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Redacted } from '../../../../src/lib/redacted.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import type { OwnIdentity } from '../../../../src/secondary/identity/own-identity.ts'
import type { Word } from '../../../../src/secondary/membership/heartbeat.decide.ts'
import { decideRekey } from '../../../../src/secondary/membership/rekey.decide.ts'

const [key, next, previous] = [generateSigningKey(), generateSigningKey(), generateSigningKey()]
const membership = {
  primaryUid: 'hub-uid',
  primaryName: 'hub',
  clusterName: 'east',
  dialect: 'first',
  endpoint: 'https://hub.example',
  endpoints: [],
  keys: { current: { kid: 'k', x: 'x' } },
} as const
const member: OwnIdentity = { key, joined: { membership, token: new Redacted('token') } }
const ok: Word = { kind: 'ok' }
const said = (kind: 'unknown' | 'other-key'): Word => ({ kind })

function decide(identity: OwnIdentity | undefined, asked: string, word = ok) {
  const { kind, ...rest } = decideRekey({ identity, asked, word })
  return { kind, ...('keys' in rest ? { keys: rest.keys } : {}) }
}

describe('a change of key', () => {
  it('is due for a value of the annotation that was not taken up before, and for no other', () => {
    assert.deepEqual(decide(member, 'now'), { kind: 'make' })
    assert.deepEqual(decide({ ...member, rotated: 'before' }, 'now'), { kind: 'make' })
    assert.deepEqual(decide({ ...member, rotated: 'now' }, 'now'), { kind: 'rest' })
    assert.deepEqual(decide({ ...member, rotated: 'now' }, ''), { kind: 'rest' })
    assert.deepEqual(decide(member, ''), { kind: 'rest' })
  })

  it('is nothing for a cluster that is no member, or that the primary has disconnected', () => {
    for (const identity of [undefined, { key }, { key, next }])
      assert.deepEqual(decide(identity, 'now'), { kind: 'rest' })
    assert.deepEqual(decide({ ...member, next }, 'now', { kind: 'disconnected', at: 0 }), { kind: 'rest' })
  })

  it('is gone on with until the primary has answered, whatever the annotation says by now, and after a restart', () => {
    for (const asked of ['', 'now', 'later'])
      for (const word of [ok, { kind: 'none' } as const])
        assert.deepEqual(decide({ ...member, next, rotated: 'now' }, asked, word), { kind: 'ask' })
  })

  it('begins none while the primary does not take the present key', () => {
    for (const word of [said('unknown'), said('other-key')])
      assert.deepEqual(decide(member, 'now', word), { kind: 'rest' })
  })
})

describe('the other keys of a member', () => {
  it('are tried only after a signed word that the present one is not taken, the new one first', () => {
    for (const word of [said('unknown'), said('other-key')]) {
      assert.deepEqual(decide({ ...member, next, previous }, 'now', word), { kind: 'try', keys: [next, previous] })
      assert.deepEqual(decide({ ...member, previous }, '', word), { kind: 'try', keys: [previous] })
    }
    for (const word of [ok, { kind: 'none' } as const])
      assert.deepEqual(decide({ ...member, previous }, '', word), { kind: 'rest' })
  })
})
