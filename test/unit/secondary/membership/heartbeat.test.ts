import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { createHeartbeatKeeper, type HeartbeatKeeper } from '../../../../src/secondary/membership/heartbeat.ts'
import type { Member } from '../../../../src/secondary/membership/member.ts'
import { openLine } from '../../../../src/secondary/primary-client/line.ts'
import { createManualClock, type ManualClock } from '../../../support/manual-clock.ts'
import { type FakePrimary, sendJson, startFakePrimary } from '../fake-primary.fixture.ts'
import { forever, lineDeps, silent } from '../lines.fixture.ts'
import { memberOf } from './member.fixture.ts'

describe('heartbeats', () => {
  let primary: FakePrimary
  before(async () => {
    primary = await startFakePrimary()
  })
  after(async () => primary.close())

  let keeper: HeartbeatKeeper
  let clock: ManualClock
  let news: number
  let results: string[]
  let member: Member
  beforeEach(async () => {
    primary.intercept = undefined
    primary.reply = { status: 'ok', interval: 20 }
    news = 0
    results = []
    clock = createManualClock()
    member = await memberOf(primary)
    keeper = createHeartbeatKeeper({
      openLine: (options) => openLine(lineDeps(), options),
      report: () => ({ versions: { operator: '0.1.0', kubernetes: 'v1.36.3' }, health: 'ok' }),
      boot: 'boot-1',
      onNews: () => {
        news += 1
      },
      onBeat: (beat) => results.push(beat.kind === 'silent' ? beat.error.code : beat.reply.status),
      clock,
      random: () => 0.5,
      log: silent,
    })
    keeper.follow(member)
  })

  const beat = async () => keeper.beat(forever)
  const beats = () => primary.requests.filter(({ path }) => path === '/k10/mc/v1/clusters/east/heartbeat')

  it('get their first nonce by a refusal, and go on with the one of the last answer', async () => {
    const count = beats().length
    assert.deepEqual((await beat()).word, { kind: 'ok' })
    assert.equal(beats().length, count + 2)
    await beat()
    assert.equal(beats().length, count + 3)
  })

  it('tell what each of them has led to', async () => {
    await beat()
    primary.intercept = (_request, response) => sendJson(response, 503, { code: 'Busy' })
    await beat()
    primary.intercept = undefined
    primary.reply = { status: 'UnknownCluster' }
    await beat()
    assert.deepEqual(results, ['ok', 'Busy', 'UnknownCluster'])
  })

  it('repeat a refused nonce once, and not for ever', async () => {
    await beat()
    const count = beats().length
    primary.intercept = (_request, response) => {
      response.setHeader('dpop-nonce', Buffer.alloc(40, beats().length).toString('base64url'))
      sendJson(response, 401, { code: 'NonceInvalid' }, 'application/problem+json')
    }
    assert.equal((await beat()).failure?.code, 'NonceInvalid')
    assert.equal(beats().length, count + 2)
  })

  it('hear the signed word of the primary', async () => {
    primary.reply = { status: 'Disconnected', at: 1_893_456_000 }
    assert.deepEqual((await beat()).word, { kind: 'disconnected', at: 1_893_456_000_000 })
    assert.equal(news, 1)
  })

  it('believe no status, and no reply to another beat', async () => {
    primary.reply = { status: 'Disconnected', at: 1 }
    let recorded = ''
    primary.intercept = async (request, response, body) => {
      const end = response.end.bind(response)
      response.end = ((text: string) => {
        recorded = text
        return end(text)
      }) as typeof response.end
      await primary.answer(request, response, body)
    }
    await beat()
    assert.ok(recorded.includes('reply'))

    keeper.follow(undefined)
    keeper.follow(member)
    primary.reply = { status: 'ok', interval: 20 }
    primary.intercept = undefined
    await beat()
    const forged: readonly [number, string][] = [
      [410, recorded],
      [410, '{"code":"Disconnected"}'],
      [404, '{}'],
      [403, '{"reply":"e30.e30.e30"}'],
      [200, '{"status":"Disconnected"}'],
      [401, '<html>'],
    ]
    for (const [status, text] of forged) {
      primary.intercept = (_request, response) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(text)
      }
      const contact = await beat()
      assert.deepEqual(contact.word, { kind: 'ok' }, text)
      assert.notEqual(contact.failure, undefined, text)
    }
  })

  it('follow each other at the interval that the primary wishes', async () => {
    const end = new AbortController()
    const running = keeper.run(end.signal)
    primary.reply = { status: 'ok', interval: 40 }
    await beat()
    await clock.timers(1)
    const arrived = Promise.withResolvers<void>()
    primary.intercept = async (request, response, body) => {
      arrived.resolve()
      await primary.answer(request, response, body)
    }
    const count = beats().length
    await clock.advance(39_999)
    assert.equal(clock.pending(), 1)
    assert.equal(beats().length, count)
    await clock.advance(1)
    await arrived.promise
    end.abort()
    await running
  })

  it('say once that the primary does not answer, and that it answers again', async () => {
    await beat()
    const known = news
    primary.intercept = (_request, response) => void response.destroy()
    assert.equal((await beat()).failure?.code, 'ConnectRefused')
    await beat()
    assert.equal(news, known + 1)
    primary.intercept = undefined
    assert.equal((await beat()).failure, undefined)
    assert.equal(news, known + 2)
  })

  it('try the other endpoints of the primary, and stay with the one that answered', async () => {
    const { info } = member
    const membership = { ...info.membership, endpoint: 'https://127.0.0.1:1', endpoints: [primary.endpoint] }
    keeper.follow({ ...member, info: { ...info, membership } })
    assert.equal((await beat()).endpoint, primary.endpoint)
  })

  it('begin anew with another membership, and not when the same is followed again', async () => {
    const end = new AbortController()
    const running = keeper.run(end.signal)
    await beat()
    keeper.follow({ ...member })
    await clock.advance(19_999)
    assert.equal(clock.pending(), 1)
    keeper.follow({ ...member, allowHttp: true })
    assert.equal(keeper.contact().word.kind, 'ok')
    end.abort()
    await running
    keeper.follow(await memberOf(primary, 'west'))
    assert.equal(keeper.contact().word.kind, 'none')
  })

  it('carry the nonce and the interval of a join into its first beat', async () => {
    const count = beats().length
    await beat()
    const nonce = Buffer.alloc(40, 7).toString('base64url')
    keeper.follow(undefined)
    keeper.follow(member, { nonce, interval: 50 })
    assert.equal(keeper.contact().interval, 50_000)
    await beat()
    const proof = String(beats()[count + 2]?.headers['dpop']).split('.')[1] ?? ''
    assert.equal(JSON.parse(Buffer.from(proof, 'base64url').toString()).nonce, nonce)
  })
})
