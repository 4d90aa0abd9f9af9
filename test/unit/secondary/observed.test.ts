/** What a secondary tells of its work. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SecondaryMetrics, SecondaryState } from '../../../src/lib/metrics.ts'
import { ProtocolError } from '../../../src/protocol/errors.ts'
import type { Asked, ExchangeOutcome } from '../../../src/secondary/join/exchange.ts'
import type { JoinerDeps } from '../../../src/secondary/join/joiner.ts'
import { noContact } from '../../../src/secondary/membership/heartbeat.decide.ts'
import type { HeartbeatKeeper } from '../../../src/secondary/membership/heartbeat.ts'
import type { Member } from '../../../src/secondary/membership/member.ts'
import { codeOfBeat, countExchanges, followMembership } from '../../../src/secondary/observed.ts'
import { silent } from './lines.fixture.ts'

function recorder() {
  const told: string[] = []
  let look: (() => SecondaryState) | undefined
  const metrics: SecondaryMetrics = {
    joining: () => (code) => told.push(code),
    beat: (code) => told.push(code),
    observe: (state) => {
      look = state
    },
  }
  return { told, metrics, state: () => look?.() }
}

const asked = {} as Asked

/** What is told of an exchange that ends like this. */
async function toldOf(exchange: () => Promise<ExchangeOutcome>, signal = new AbortController().signal) {
  const { told, metrics } = recorder()
  const counted: JoinerDeps['exchange'] = countExchanges(exchange, metrics)
  const ending = counted(asked, { log: silent, signal }).then(
    (outcome) => outcome.kind,
    (error: unknown) => error,
  )
  return { ending: await ending, told }
}

const failing = (error: Error) => async (): Promise<ExchangeOutcome> => {
  throw error
}

describe('an exchange with the primary', () => {
  it('tells the code of a refusal, and of what stood in the way', async () => {
    const refusal = { code: 'TokenExpired', msg: 'TokenExpired: …' } as const
    assert.deepEqual(await toldOf(async () => ({ kind: 'refused', refusal })), {
      ending: 'refused',
      told: ['TokenExpired'],
    })
    const refused = new ProtocolError('ConnectRefused')
    assert.deepEqual(await toldOf(failing(refused)), { ending: refused, told: ['ConnectRefused'] })
    const broken = new TypeError('broken')
    assert.deepEqual(await toldOf(failing(broken)), { ending: broken, told: ['Internal'] })
  })

  it('that was dropped because mc-join has changed is no failure', async () => {
    const reason = new Error('mc-join has changed')
    assert.deepEqual(await toldOf(failing(reason), AbortSignal.abort(reason)), { ending: reason, told: ['Dropped'] })
  })

  it('that ended well tells ok', async () => {
    const joined = { kind: 'joined' } as ExchangeOutcome
    assert.deepEqual((await toldOf(async () => joined)).told, ['ok'])
  })
})

describe('a heartbeat', () => {
  it('is told by what the primary has signed, or by why nothing signed came', () => {
    const endpoint = 'https://primary.example.com'
    const answered = (reply: Parameters<typeof codeOfBeat>[0] & { kind: 'answered' }) => codeOfBeat(reply)
    assert.equal(answered({ kind: 'answered', endpoint, reply: { status: 'ok', interval: 20 } }), 'ok')
    assert.equal(answered({ kind: 'answered', endpoint, reply: { status: 'KeyMismatch' } }), 'KeyMismatch')
    assert.equal(codeOfBeat({ kind: 'silent', error: new ProtocolError('DnsFailure') }), 'DnsFailure')
  })
})

describe('a membership', () => {
  it('is told while it is followed, with its last contact', () => {
    const { metrics, state } = recorder()
    let lastAt: number | undefined
    const followed: unknown[] = []
    const keeper = {
      follow: (member: Member | undefined) => followed.push(member),
      contact: () => ({ ...noContact(), lastAt }),
    } as unknown as HeartbeatKeeper
    const heartbeats = followMembership(keeper, metrics)
    assert.deepEqual(state(), { isMember: false, lastContact: undefined })
    const member = {} as Member
    heartbeats.follow(member)
    lastAt = 5
    assert.deepEqual(state(), { isMember: true, lastContact: 5 })
    heartbeats.follow(undefined)
    assert.equal(state()?.isMember, false)
    assert.deepEqual(followed, [member, undefined])
  })
})
