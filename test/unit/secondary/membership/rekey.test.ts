/** A member changes its key, step by step, with a primary that loses its answers, says no, or knows only the key before. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { otherKeys } from '../../../../src/api/mc-identity.ts'
import type { Secret } from '../../../../src/kube/objects.ts'
import { thumbprintOf } from '../../../../src/protocol/keys.ts'
import { signMembershipToken } from '../../../../src/protocol/membership-token.ts'
import { claimedThumbprint } from '../../../../src/protocol/possession-proof.ts'
import type { Reply } from '../../../../src/protocol/reply.ts'
import { createIdentityKeeper } from '../../../../src/secondary/identity/identity-keeper.ts'
import type { OwnIdentity } from '../../../../src/secondary/identity/own-identity.ts'
import { type Contact, noContact, type Word } from '../../../../src/secondary/membership/heartbeat.decide.ts'
import type { Member } from '../../../../src/secondary/membership/member.ts'
import { createRekeyKeeper, type RekeyKeeper } from '../../../../src/secondary/membership/rekey.ts'
import { openLine } from '../../../../src/secondary/primary-client/line.ts'
import { createManualClock, type ManualClock } from '../../../support/manual-clock.ts'
import { claimsOf } from '../../protocol/forge.fixture.ts'
import { type FakePrimary, sendJson, startFakePrimary } from '../fake-primary.fixture.ts'
import { forever, lineDeps, silent } from '../lines.fixture.ts'
import { memberOf } from './member.fixture.ts'

describe('a member that changes its key', () => {
  let primary: FakePrimary
  before(async () => {
    primary = await startFakePrimary()
  })
  after(async () => primary.close())

  let clock: ManualClock
  /** `mc-identity`, as stored. */
  let secret: Secret | undefined
  let first: OwnIdentity
  let word: Word
  /** The keys that the primary takes; what it says to others. */
  let taken: Set<string>
  let toOthers: Reply
  /** What the primary was asked: `rekey <key>`, `heartbeat <key>`. */
  let asked: string[]
  /** What came of it, in order: writes and whom is followed. */
  let steps: string[]
  /** Runs when a request has been worked on; what it throws loses the answer. */
  let beforeAnswer: (question: string) => void
  let rekey: RekeyKeeper
  let stores: number

  const nameOf = (thumbprint: string | undefined) => {
    const { key, next, previous } = stored()
    if (thumbprint === first.key.thumbprint) return 'first'
    return thumbprint === (next ?? key).thumbprint || thumbprint === previous?.thumbprint ? 'second' : 'other'
  }

  beforeEach(async () => {
    clock = createManualClock()
    const { key, info } = await memberOf(primary)
    first = { key, joined: info }
    secret = undefined
    word = { kind: 'ok' }
    taken = new Set([key.thumbprint])
    toOthers = { status: 'KeyMismatch' }
    asked = []
    steps = []
    stores = 0
    beforeAnswer = () => undefined
    primary.intercept = async (request, response, body) => {
      const proof = request.headers['dpop']
      // A challenge has no proof; the first request of a line has no nonce yet, and is refused for that.
      if (typeof proof !== 'string' || /^A+$/.test(String(claimsOf(proof)['nonce'])))
        return primary.answer(request, response, body)
      const by = claimedThumbprint(proof)
      const what = (request.url ?? '').split('/').at(-1) ?? ''
      const question = `${what} ${nameOf(by)}`
      asked.push(question)
      primary.reply = taken.has(by) ? await replyTo(what, body) : toOthers
      try {
        beforeAnswer(question)
      } catch {
        response.destroy()
        return
      }
      return primary.answer(request, response, body)
    }
    restart()
    await keeperOf().store(undefined, first)
    steps = []
  })

  async function replyTo(what: string, body: string): Promise<Reply> {
    if (what !== 'rekey') return { status: 'ok', interval: 20 }
    const { request } = JSON.parse(body) as { request: string }
    const { jwk } = JSON.parse(Buffer.from(request.split('.')[0] ?? '', 'base64url').toString()) as {
      jwk: { x: string }
    }
    const thumbprint = thumbprintOf(jwk.x)
    taken.add(thumbprint)
    const subject = { clusterName: 'east', uid: 'own-uid', thumbprint }
    return { status: 'ok', interval: 20, token: await signMembershipToken(primary.issuer, subject, Date.now()) }
  }

  function keeperOf() {
    return createIdentityKeeper({
      ownUid: 'own-uid',
      objects: {
        async write(name, { data, annotations = {} }) {
          stores += 1
          steps.push(`store ${Object.keys(data).toSorted().join(' ')}`)
          secret = { metadata: { name, annotations }, type: 'Opaque', data }
          return secret
        },
      },
    })
  }

  /** A new process, which knows nothing but what is stored. */
  function restart(): void {
    rekey = createRekeyKeeper({
      openLine: (options) => openLine(lineDeps(), options),
      boot: 'boot-1',
      report: () => ({ versions: { operator: '0.1.0', kubernetes: 'v1.36.3' }, health: 'ok' }),
      ownUid: 'own-uid',
      identity: keeperOf(),
      heartbeats: {
        follow: (member: Member | undefined) => steps.push(`follow ${nameOf(member?.key.thumbprint)}`),
        contact: (): Contact => ({ ...noContact(), word }),
        async beat() {
          steps.push('beat')
          word = { kind: 'other-key' }
          return { ...noContact(), word }
        },
      },
      clock,
      random: () => 0,
    })
  }

  function stored(): OwnIdentity {
    const judged = keeperOf().judge(secret)
    assert.equal(judged.kind, 'use')
    return judged.identity
  }

  async function advance(value = 'now') {
    const access = { allowHttp: false, allowUntrustedTls: false }
    return rekey.advance({ identity: stored(), secret, asked: value, access, log: silent, signal: forever })
  }

  it('stores the new key before the first byte, takes it when the primary has, and keeps the old one', async () => {
    beforeAnswer = (question) => {
      if (question.startsWith('rekey')) assert.deepEqual([stored().key.thumbprint, stores], [first.key.thumbprint, 2])
    }
    const step = await advance()
    assert.deepEqual(asked, ['rekey first'])
    assert.deepEqual(steps, [
      `store key membership ${otherKeys.next} token`,
      `store key membership ${otherKeys.previous} token`,
      'follow second',
    ])
    const { key, previous, next, rotated, joined } = stored()
    assert.ok(taken.has(key.thumbprint) && key.thumbprint !== first.key.thumbprint)
    assert.deepEqual([previous?.thumbprint, next, rotated], [first.key.thumbprint, undefined, 'now'])
    assert.notEqual(joined?.token.reveal(), first.joined?.token.reveal())
    assert.deepEqual([step.againMs, rekey.failure()], [undefined, undefined])
  })

  it('does it once for one value, and again for another, when the key before goes', async () => {
    await advance()
    const second = stored()
    await advance()
    assert.deepEqual(stored(), second)
    taken.delete(first.key.thumbprint)
    await advance('again')
    const third = stored()
    assert.equal(third.previous?.thumbprint, second.key.thumbprint)
    assert.notEqual(third.key.thumbprint, second.key.thumbprint)
  })

  it('repeats with the same key where the answer was lost, and says so until then', async () => {
    beforeAnswer = () => {
      throw new Error('the answer is lost')
    }
    const step = await advance()
    const { next } = stored()
    assert.ok(next)
    assert.deepEqual([step.identity?.key.thumbprint, step.againMs], [first.key.thumbprint, 1_000])
    assert.match(rekey.failure() ?? '', /^ConnectRefused: /)
    beforeAnswer = () => undefined
    assert.deepEqual((await advance()).againMs, 1_000, 'not before it is time')
    await clock.advance(1_000)
    await advance()
    assert.equal(stored().key.thumbprint, next.thumbprint)
    assert.equal(rekey.failure(), undefined)
  })

  it('repeats with the same key after a restart, also where the annotation has gone', async () => {
    beforeAnswer = () => {
      throw new Error('the answer is lost')
    }
    await advance()
    const { next } = stored()
    beforeAnswer = () => undefined
    restart()
    await advance('')
    assert.equal(stored().key.thumbprint, next?.thumbprint)
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
      const { againMs = 0 } = await advance()
      assert.ok(againMs > 0)
      assert.match(rekey.failure() ?? '', failure)
      assert.equal(stored().key.thumbprint, first.key.thumbprint)
      assert.ok(stored().next)
      await clock.advance(againMs)
    }
  })

  it('goes on with the new key where the primary takes only that: its Secret was put back out of a backup', async () => {
    beforeAnswer = () => {
      throw new Error('the answer is lost')
    }
    await advance()
    const { next } = stored()
    taken.delete(first.key.thumbprint)
    asked = []
    beforeAnswer = () => undefined
    await clock.advance(1_000)
    await advance()
    assert.deepEqual(asked, ['rekey first', 'heartbeat second'])
    assert.equal(stored().key.thumbprint, next?.thumbprint)
  })

  it('gives the new key up where the primary takes neither, signed for each, and begins no other by itself', async () => {
    toOthers = { status: 'KeyMismatch' }
    taken.clear()
    const step = await advance()
    assert.deepEqual(asked, ['rekey first', 'heartbeat second'])
    assert.equal(stored().next, undefined)
    assert.equal(stored().key.thumbprint, first.key.thumbprint)
    assert.match(rekey.failure() ?? '', /^KeyMismatch: the primary takes neither/)
    await clock.advance(step.againMs ?? 0)
    await advance('another value')
    assert.equal(asked.length, 2)
    assert.match(rekey.failure() ?? '', /^KeyMismatch/, 'the primary takes none of them still')
    word = { kind: 'ok' }
    await advance()
    assert.equal(rekey.failure(), undefined, 'it takes the present one again')
  })

  it('keeps the new key where the primary was not to be reached with it', async () => {
    taken.clear()
    beforeAnswer = (question) => {
      if (question === 'heartbeat second') throw new Error('the answer is lost')
    }
    await advance()
    assert.ok(stored().next)
  })

  describe('with a primary that does not know the new key any more', () => {
    let second: OwnIdentity
    beforeEach(async () => {
      await advance()
      second = stored()
      taken = new Set([first.key.thumbprint])
      asked = []
      steps = []
    })

    it('does not try the old one before a signed word', async () => {
      await advance()
      assert.deepEqual([asked, stored().key.thumbprint], [[], second.key.thumbprint])
    })

    for (const kind of ['other-key', 'unknown'] as const)
      it(`goes back to the old one after the word ${kind}, durably, and keeps the other`, async () => {
        word = { kind }
        await advance()
        assert.deepEqual(asked, ['heartbeat first'])
        assert.deepEqual(
          [stored().key.thumbprint, stored().previous?.thumbprint],
          [first.key.thumbprint, second.key.thumbprint],
        )
        assert.equal(steps.at(-1), 'follow first')
      })

    it('stays with the new one where the old one is not taken either, and asks again only after a while', async () => {
      word = { kind: 'other-key' }
      taken.clear()
      for (let pass = 0; pass < 10; pass += 1) await advance()
      assert.deepEqual([asked, stored().key.thumbprint], [['heartbeat first'], second.key.thumbprint])
      assert.equal(rekey.failure(), undefined, 'nobody has asked for another key')
      await clock.advance(1_000)
      await advance()
      assert.equal(asked.length, 2)
    })

    it('goes back also where the old one was disconnected, to hear that', async () => {
      word = { kind: 'unknown' }
      taken.clear()
      toOthers = { status: 'Disconnected', at: 1 }
      await advance()
      assert.equal(stored().key.thumbprint, first.key.thumbprint)
    })
  })
})
