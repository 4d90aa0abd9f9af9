/** A member changes its key, step by step, with a primary that loses its answers, says no, or knows only the key before. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { otherKeys } from '../../../../src/api/mc-identity.ts'
import type { OwnIdentity } from '../../../../src/secondary/identity/own-identity.ts'
import { type FakePrimary, sendJson, startFakePrimary } from '../fake-primary.fixture.ts'
import { ChangingMember } from './rekey.fixture.ts'

describe('a member that changes its key', () => {
  let primary: FakePrimary
  let member: ChangingMember
  before(async () => {
    primary = await startFakePrimary()
  })
  after(async () => primary.close())

  beforeEach(async () => {
    member = await ChangingMember.of(primary)
  })

  function loseAnswers(): void {
    member.beforeAnswer = () => {
      throw new Error('the answer is lost')
    }
  }

  it('stores the new key before the first byte, takes it when the primary has, and keeps the old one', async () => {
    member.beforeAnswer = (question) => {
      if (question.startsWith('rekey'))
        assert.deepEqual([member.stored().key.thumbprint, member.steps.length], [member.first.key.thumbprint, 1])
    }
    const step = await member.advance()
    assert.deepEqual(member.asked, ['rekey first'])
    assert.deepEqual(member.steps, [
      `store key membership ${otherKeys.next} token`,
      `store key membership ${otherKeys.previous} token`,
      'follow second',
    ])
    const { key, previous, next, rotated, joined } = member.stored()
    assert.ok(member.taken.has(key.thumbprint) && key.thumbprint !== member.first.key.thumbprint)
    assert.deepEqual([previous?.thumbprint, next, rotated], [member.first.key.thumbprint, undefined, 'now'])
    assert.notEqual(joined?.token.reveal(), member.first.joined?.token.reveal())
    assert.deepEqual([step.againMs, member.failure()], [undefined, undefined])
  })

  it('does it once for one value, and again for another, when the key before goes', async () => {
    await member.advance()
    const second = member.stored()
    await member.advance()
    assert.deepEqual(member.stored(), second)
    member.taken.delete(member.first.key.thumbprint)
    await member.advance('again')
    const third = member.stored()
    assert.equal(third.previous?.thumbprint, second.key.thumbprint)
    assert.notEqual(third.key.thumbprint, second.key.thumbprint)
  })

  it('repeats with the same key where the answer was lost, and says so until then', async () => {
    loseAnswers()
    const step = await member.advance()
    const { next } = member.stored()
    assert.ok(next)
    assert.deepEqual([step.identity?.key.thumbprint, step.againMs], [member.first.key.thumbprint, 1_000])
    assert.match(member.failure() ?? '', /^ConnectRefused: /)
    member.beforeAnswer = () => undefined
    assert.deepEqual((await member.advance()).againMs, 1_000, 'not before it is time')
    await member.clock.advance(1_000)
    await member.advance()
    assert.equal(member.stored().key.thumbprint, next.thumbprint)
    assert.equal(member.failure(), undefined)
  })

  it('repeats with the same key after a restart, also where the annotation has gone', async () => {
    loseAnswers()
    await member.advance()
    const { next } = member.stored()
    member.beforeAnswer = () => undefined
    member.restart()
    await member.advance('')
    assert.equal(member.stored().key.thumbprint, next?.thumbprint)
  })

  it('keeps its old key, and tries again, where the primary answers without a signature', async () => {
    const answers: [number, string, RegExp][] = [
      [503, 'Busy', /^Busy: /],
      [409, 'KeyRefused', /^KeyRefused: .*; remove next\.key from the Secret mc-identity/],
      [404, 'NotFound', /^VersionTooOld: the primary does not know this request/],
      [403, 'KeyMismatch', /^NotOurServer: /],
    ]
    for (const [status, code, failure] of answers) {
      primary.intercept = (_request, response) => sendJson(response, status, { code }, 'application/problem+json')
      const { againMs = 0 } = await member.advance()
      assert.ok(againMs > 0)
      assert.match(member.failure() ?? '', failure)
      assert.equal(member.stored().key.thumbprint, member.first.key.thumbprint)
      assert.ok(member.stored().next)
      await member.clock.advance(againMs)
    }
  })

  it('waits as long as a busy primary asks for', async () => {
    primary.intercept = (_request, response) => {
      response.setHeader('retry-after', '120')
      sendJson(response, 503, { code: 'Busy' }, 'application/problem+json')
    }
    assert.equal((await member.advance()).againMs, 120_000)
  })

  it('waits longer from failure to failure, and begins anew once the key was replaced', async () => {
    member.random = () => 1
    const fail = async (value: string) => {
      loseAnswers()
      const { againMs = 0 } = await member.advance(value)
      await member.clock.advance(againMs)
      return againMs
    }
    const [first, second] = [await fail('now'), await fail('now')]
    assert.ok(second > first, `${first} ms, ${second} ms`)
    member.beforeAnswer = () => undefined
    await member.advance('now')
    assert.equal(await fail('again'), first)
  })

  it('lets its heartbeats hear what the primary says of the membership, and keeps the new key', async () => {
    member.taken.clear()
    member.toOthers = { status: 'Disconnected', at: 1 }
    await member.advance()
    assert.equal(member.steps.at(-1), 'beat')
    assert.match(member.failure() ?? '', /^Disconnected: /)
    assert.ok(member.stored().next)
  })

  it('goes on with the new key where the primary takes only that: its Secret was put back out of a backup', async () => {
    loseAnswers()
    await member.advance()
    const { next } = member.stored()
    member.taken.delete(member.first.key.thumbprint)
    member.asked = []
    member.beforeAnswer = () => undefined
    await member.clock.advance(1_000)
    await member.advance()
    assert.deepEqual(member.asked, ['rekey first', 'heartbeat second'])
    assert.equal(member.stored().key.thumbprint, next?.thumbprint)
  })

  it('gives the new key up where the primary takes neither, signed for each, and begins no other by itself', async () => {
    member.toOthers = { status: 'KeyMismatch' }
    member.taken.clear()
    const step = await member.advance()
    assert.deepEqual(member.asked, ['rekey first', 'heartbeat second'])
    assert.equal(member.stored().next, undefined)
    assert.equal(member.stored().key.thumbprint, member.first.key.thumbprint)
    assert.match(member.failure() ?? '', /^KeyMismatch: the primary takes neither/)
    await member.clock.advance(step.againMs ?? 0)
    await member.advance('another value')
    assert.equal(member.asked.length, 2)
    assert.match(member.failure() ?? '', /^KeyMismatch/, 'the primary takes none of them still')
    member.word = { kind: 'ok' }
    await member.advance()
    assert.equal(member.failure(), undefined, 'it takes the present one again')
  })

  it('keeps the new key where the primary was not to be reached with it', async () => {
    member.taken.clear()
    member.beforeAnswer = (question) => {
      if (question === 'heartbeat second') throw new Error('the answer is lost')
    }
    await member.advance()
    assert.ok(member.stored().next)
  })

  describe('with a primary that does not know the new key any more', () => {
    let second: OwnIdentity
    beforeEach(async () => {
      await member.advance()
      second = member.stored()
      member.taken = new Set([member.first.key.thumbprint])
      member.asked = []
      member.steps = []
    })

    it('does not try the old one before a signed word', async () => {
      await member.advance()
      assert.deepEqual([member.asked, member.stored().key.thumbprint], [[], second.key.thumbprint])
    })

    for (const kind of ['other-key', 'unknown'] as const)
      it(`goes back to the old one after the word ${kind}, durably, and keeps the other`, async () => {
        member.word = { kind }
        await member.advance()
        assert.deepEqual(member.asked, ['heartbeat first'])
        assert.deepEqual(
          [member.stored().key.thumbprint, member.stored().previous?.thumbprint],
          [member.first.key.thumbprint, second.key.thumbprint],
        )
        assert.equal(member.steps.at(-1), 'follow first')
      })

    it('stays with the new one where the old one is not taken either, and asks again only after a while', async () => {
      member.word = { kind: 'other-key' }
      member.taken.clear()
      for (let pass = 0; pass < 10; pass += 1) await member.advance()
      assert.deepEqual([member.asked, member.stored().key.thumbprint], [['heartbeat first'], second.key.thumbprint])
      assert.equal(member.failure(), undefined, 'nobody has asked for another key')
      await member.clock.advance(1_000)
      await member.advance()
      assert.equal(member.asked.length, 2)
    })

    it('goes back also where the old one was disconnected, to hear that', async () => {
      member.word = { kind: 'unknown' }
      member.taken.clear()
      member.toOthers = { status: 'Disconnected', at: 1 }
      await member.advance()
      assert.equal(member.stored().key.thumbprint, member.first.key.thumbprint)
    })
  })
})
