/** The joins of a cluster that is a member already: of another primary, or of one that has forgotten it. */
import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { decodeIdentity } from '../../../../src/api/mc-identity.ts'
import { type ErrorCode, explain, ProtocolError } from '../../../../src/protocol/errors.ts'
import type { OwnIdentity } from '../../../../src/secondary/identity/own-identity.ts'
import { admittedMembership } from '../../../../src/secondary/join/admission.ts'
import type { ExchangeOutcome } from '../../../../src/secondary/join/exchange.ts'
import { planReturn } from '../../../../src/secondary/join/return-plan.ts'
import { noContact } from '../../../../src/secondary/membership/heartbeat.decide.ts'
import { type JoinerWorld, joined, joinerWorld, key, plan } from './joiner-world.fixture.ts'

let world: JoinerWorld
beforeEach(() => {
  world = joinerWorld()
})

describe('a join of a member', () => {
  describe('of another primary', () => {
    const before = admittedMembership(plan, joined)
    const of = (primaryUid: string) => ({ ...before, membership: { ...before.membership, primaryUid } })
    /** Who is still to be told, as stored after a cluster with this identity has asked. */
    async function untold(identity: Partial<OwnIdentity>): Promise<string | undefined> {
      await world.ask({ identity: { key, ...identity } })
      const stored = world.written.get('mc-identity')
      return stored && decodeIdentity(stored)?.former?.membership.primaryUid
    }

    it('stores whom it has left', async () => {
      assert.equal(await untold({ joined: of('former-uid') }), 'former-uid')
    })

    it('has left nobody where it asks the same primary again, or is refused', async () => {
      assert.equal(await untold({ joined: of('hub-uid') }), undefined)
      world.written.clear()
      world.outcome = async () => ({ kind: 'refused', refusal: { code: 'NameTaken', msg: explain('NameTaken') } })
      assert.equal(await untold({ joined: of('former-uid') }), undefined)
    })

    it('still tells the first that it has left when it goes on to a third', async () => {
      assert.equal(await untold({ joined: of('second-uid'), former: of('first-uid') }), 'first-uid')
    })

    it('tells the one between when it comes back to the first', async () => {
      assert.equal(await untold({ joined: of('second-uid'), former: of('hub-uid') }), 'second-uid')
    })
  })

  describe('that may show its membership where the token is good no longer', () => {
    const otherwise = planReturn(
      admittedMembership(plan, joined),
      { allowHttp: false, allowUntrustedTls: false, clusterIngress: undefined },
      plan.k10,
    )
    const refuse = (code: ErrorCode) => async (): Promise<ExchangeOutcome> => ({
      kind: 'refused',
      refusal: { code, msg: explain(code) },
    })
    const askOrReturn = async () => world.ask({ identity: { key, joined: otherwise.joined }, otherwise })
    const said = () => Buffer.from(world.written.get('mc-join-status')?.data?.['msg'] ?? '', 'base64').toString()

    it('shows it when the token is refused as that, and says nothing of the token', async () => {
      for (const code of ['TokenInvalid', 'TokenExpired', 'TokenExhausted'] as const) {
        world.steps = []
        world.outcome = refuse(code)
        assert.equal((await askOrReturn()).kind, 'decide')
        assert.deepEqual(
          world.steps.filter((step) => step.startsWith('exchange')),
          ['exchange', 'exchange to return'],
        )
        assert.equal(world.written.has('mc-join-status'), false)
      }
    })

    it('does not show it when the token admits it, or is refused for another reason', async () => {
      await askOrReturn()
      for (const code of ['TokenScope', 'NameTaken'] as const) {
        world.outcome = refuse(code)
        await askOrReturn()
        assert.equal(said(), `${explain(code)} (the membership of hub as east goes on)`)
      }
      for (const code of ['Denied', 'KeyMismatch', 'CloneSuspected', 'Disconnected'] as const) {
        world.outcome = refuse(code)
        await askOrReturn()
        assert.equal(said(), explain(code), 'that is said of the membership too')
      }
      assert.ok(!world.steps.includes('exchange to return'))
    })

    it('waits for approval as for anything else that may pass', async () => {
      world.outcome = refuse('TokenExpired')
      world.outcomeOfReturn = async () => {
        throw new ProtocolError('PendingApproval', 'a', { remedy: 'b', retryAfterMs: 10_000 })
      }
      assert.deepEqual(await askOrReturn(), { kind: 'again', afterMs: 10_000 })
      assert.equal(said(), 'PendingApproval: a; b')
    })

    it('records the refusal of a return without the claim that the membership goes on', async () => {
      world.outcome = refuse('TokenExpired')
      world.outcomeOfReturn = refuse('Denied')
      world.contact = { ...noContact(), word: { kind: 'unknown' } }
      assert.deepEqual(await askOrReturn(), { kind: 'done' })
      assert.equal(said(), explain('Denied'))
    })
  })
})
