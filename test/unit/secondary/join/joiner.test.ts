import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { annotations as names } from '../../../../src/api/group.ts'
import { encodeSecretData } from '../../../../src/api/secret-data.ts'
import type { Secret } from '../../../../src/kube/objects.ts'
import { Redacted } from '../../../../src/lib/redacted.ts'
import { type ErrorCode, explain, ProtocolError } from '../../../../src/protocol/errors.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { issueToken, parseToken } from '../../../../src/protocol/token.ts'
import { createIdentityKeeper } from '../../../../src/secondary/identity/identity-keeper.ts'
import { admittedMembership } from '../../../../src/secondary/join/admission.ts'
import { readContent } from '../../../../src/secondary/join/content.ts'
import type { ExchangeOutcome } from '../../../../src/secondary/join/exchange.ts'
import { createJoiner, type Joiner } from '../../../../src/secondary/join/joiner.ts'
import type { Pass } from '../../../../src/secondary/join/pass.ts'
import type { JoinPlan } from '../../../../src/secondary/join/plan.ts'
import { planReturn } from '../../../../src/secondary/join/return-plan.ts'
import type { Statement } from '../../../../src/secondary/join/status.ts'
import { createStatusWriter } from '../../../../src/secondary/join/status-writer.ts'
import { type Contact, noContact } from '../../../../src/secondary/membership/heartbeat.decide.ts'
import type { GivenObjects, ObjectStore, SecondaryObjects } from '../../../../src/secondary/objects.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { forever, silent } from '../lines.fixture.ts'

const key = generateSigningKey()
const token = parseToken(issueToken({ uid: 'hub-uid', key, endpoints: ['https://hub.example'] }).text.reveal())
const plan: JoinPlan = {
  kind: 'join',
  token,
  endpoints: ['https://hub.example'],
  name: 'east',
  k10: { namespace: 'kasten-io', releaseName: 'k10' },
  allowUntrustedTls: false,
  origin: { dialect: 'first' },
}
const joined: ExchangeOutcome = {
  kind: 'joined',
  endpoint: 'https://hub.example',
  membership: {
    clusterName: 'east',
    primaryName: 'hub',
    endpoints: [],
    token: new Redacted('communication-token'),
    keys: { current: { kid: key.thumbprint, x: key.x } },
    interval: 20,
    nonce: 'n',
  },
}

function mcJoin(endpoint: string): Secret {
  return { metadata: { name: 'mc-join', namespace: 'kasten-io' }, data: encodeSecretData({ endpoint, token: 't' }) }
}

describe('a join, step by step', () => {
  /** Everything that was done, in order. */
  let steps: string[]
  let given: GivenObjects
  let outcome: () => Promise<ExchangeOutcome>
  let outcomeOfReturn: () => Promise<ExchangeOutcome>
  let contact: Contact
  let onBeat: () => void
  let isPrimary: boolean
  /** What a write of the status waits for. */
  let storing: Promise<void>
  /** What is said before the primary is asked. */
  let first: Statement | undefined
  let written: Map<string, Secret>
  let joiner: Joiner
  const clock = createManualClock()
  const read = (objects: GivenObjects) => readContent(objects, { allowHttp: false })

  const objects: ObjectStore = {
    readGiven: async () => given,
    readAll: async () => nothing(),
    async write(name, content) {
      const status = content.data['status']
      steps.push(`write ${name}${status === undefined ? '' : ` ${Buffer.from(status, 'base64').toString()}`}`)
      if (status !== undefined) await storing
      const secret = { metadata: { name, annotations: content.annotations ?? {} }, data: content.data }
      written.set(name, secret)
      return secret
    },
    async remove(secret) {
      steps.push(`remove ${secret?.metadata.name}`)
    },
  }

  function nothing(): SecondaryObjects {
    return { ...given, status: undefined, clusterInfo: undefined, identity: undefined }
  }

  beforeEach(() => {
    steps = []
    written = new Map()
    given = { join: mcJoin('https://hub.example'), config: undefined }
    outcome = async () => joined
    outcomeOfReturn = async () => joined
    contact = { ...noContact(), word: { kind: 'ok' } }
    onBeat = () => undefined
    isPrimary = false
    first = undefined
    storing = Promise.resolve()
    joiner = createJoiner({
      objects,
      identity: createIdentityKeeper({ objects, ownUid: 'own-uid' }),
      heartbeats: {
        follow: () => undefined,
        contact: () => contact,
        async beat() {
          steps.push('beat')
          onBeat()
          return contact
        },
        run: async () => undefined,
      },
      async exchange({ plan: asked }, { signal }) {
        steps.push(asked.kind === 'join' ? 'exchange' : 'exchange to return')
        const result = await (asked.kind === 'join' ? outcome() : outcomeOfReturn())
        signal.throwIfAborted()
        return result
      },
      isPrimary: async () => isPrimary,
      readContent: read,
      clock,
      random: () => 0,
    })
  })

  function pass(): Pass {
    const seen = nothing()
    const events = { record: () => undefined, flush: async () => undefined }
    const status = createStatusWriter(
      { objects, events, clock, log: silent },
      { status: written.get('mc-join-status'), join: seen.join, dialect: 'first', member: undefined },
    )
    return {
      objects: seen,
      content: read(seen),
      identity: undefined,
      isLeaving: false,
      status,
      log: silent,
      signal: forever,
    }
  }

  async function ask() {
    const asking = pass()
    joiner.attempts(asking)
    return joiner.ask(asking, { kind: 'ask', plan, name: 'east', first })
  }

  it('stores the key first, then the membership, then mc-cluster-info, and beats last', async () => {
    assert.equal((await ask()).kind, 'decide')
    assert.deepEqual(steps, ['write mc-identity', 'exchange', 'write mc-identity', 'write mc-cluster-info', 'beat'])
    assert.equal(joiner.attempts(pass()).isAdmitted, true)
  })

  it('ends with all that is to be decided by, so that nothing is read again', async () => {
    const step = await ask()
    assert.ok(step.kind === 'decide')
    assert.equal(step.pass.identity?.joined?.membership.clusterName, 'east')
    assert.deepEqual(step.pass.objects.clusterInfo, written.get('mc-cluster-info'))
  })

  it('gives the membership of another primary that it has ended, once', async () => {
    const before = admittedMembership(plan, joined)
    const of = (primaryUid: string) => ({ ...before, membership: { ...before.membership, primaryUid } })
    const askAs = async (primaryUid: string) => {
      const asking = { ...pass(), identity: { key, joined: of(primaryUid) } }
      joiner.attempts(asking)
      await joiner.ask(asking, { kind: 'ask', plan, name: 'east', first })
    }
    await askAs('hub-uid')
    assert.equal(joiner.takeFormer(), undefined, 'the same primary again is not left')
    await askAs('former-uid')
    assert.equal(joiner.takeFormer()?.info.membership.primaryUid, 'former-uid')
    assert.equal(joiner.takeFormer(), undefined)
    outcome = async () => ({ kind: 'refused', refusal: { code: 'NameTaken', msg: explain('NameTaken') } })
    await askAs('former-uid')
    assert.equal(joiner.takeFormer(), undefined, 'who was refused goes nowhere')
  })

  it('says nothing of content that was replaced while it was confirmed', async () => {
    onBeat = () => joiner.contentChanged('another')
    assert.deepEqual(await ask(), { kind: 'again', afterMs: 0 })
  })

  it('says that it asks while the key is made, and asks when both are stored', async () => {
    const stored = Promise.withResolvers<void>()
    storing = stored.promise
    first = { status: 'Joining', msg: '', hash: '' }
    const asking = ask()
    await nextTurn()
    assert.deepEqual(steps, ['write mc-join-status Joining', 'write mc-identity'])
    stored.resolve()
    await asking
    assert.equal(steps[2], 'exchange')
  })

  it('says why it does not ask when the first words are stored, so that they do not come last', async () => {
    const stored = Promise.withResolvers<void>()
    storing = stored.promise
    first = { status: 'Joining', msg: '', hash: '' }
    isPrimary = true
    const asking = ask()
    await nextTurn()
    assert.deepEqual(steps, ['write mc-join-status Joining'])
    stored.resolve()
    await asking
    const said = Buffer.from(written.get('mc-join-status')?.data?.['msg'] ?? '', 'base64').toString()
    assert.match(said, /^RoleConflict: /)
  })

  it('does not ask where it cannot say so', async () => {
    storing = Promise.reject(new Error('no answer'))
    first = { status: 'Joining', msg: '', hash: '' }
    await assert.rejects(ask(), { message: 'no answer' })
    assert.deepEqual(steps, ['write mc-join-status Joining', 'write mc-identity'])
  })

  it('stores nothing of an admission when mc-join has changed since', async () => {
    outcome = async () => {
      given = { ...given, join: mcJoin('https://other.example') }
      return joined
    }
    assert.deepEqual(await ask(), { kind: 'again', afterMs: 0 })
    assert.deepEqual(steps, ['write mc-identity', 'exchange'])
  })

  it('says nothing of a refusal when mc-join has been deleted since', async () => {
    outcome = async () => {
      given = { join: undefined, config: undefined }
      return { kind: 'refused', refusal: { code: 'TokenInvalid', msg: '' } }
    }
    await ask()
    assert.deepEqual(steps, ['write mc-identity', 'exchange'])
  })

  it('is dropped by other content, not by news of its own, and counts no try', async () => {
    outcome = async () => {
      joiner.contentChanged(read(given).hash)
      return joined
    }
    await ask()
    assert.ok(steps.includes('write mc-cluster-info'))

    steps = []
    outcome = async () => {
      joiner.contentChanged('another')
      return joined
    }
    assert.deepEqual(await ask(), { kind: 'done' })
    assert.deepEqual(steps, ['write mc-identity', 'exchange'])
    assert.equal(joiner.attempts(pass()).count, 0)
  })

  it('repeats a first heartbeat that was lost, and not the exchange', async () => {
    contact = { ...noContact(), failure: new ProtocolError('ConnectTimeout', 'a', { remedy: 'b' }) }
    assert.deepEqual(await ask(), { kind: 'again', afterMs: 1_000 })
    assert.deepEqual(steps.slice(-2), ['beat', 'write mc-join-status Joining'])
    assert.equal(joiner.attempts(pass()).isAdmitted, true)

    steps = []
    contact = { ...noContact(), word: { kind: 'ok' } }
    assert.equal((await joiner.confirm(pass())).kind, 'decide')
    assert.deepEqual(steps, ['beat'])
  })

  it('asks anew when the primary does not know what it has admitted', async () => {
    contact = { ...noContact(), word: { kind: 'unknown' } }
    await ask()
    assert.equal(joiner.attempts(pass()).isAdmitted, false)
    assert.equal(steps.at(-1), 'write mc-join-status Joining')
  })

  it('records a refusal in the words of the primary, and asks no more', async () => {
    const msg = 'NameTaken: the name east is taken; ask for east-1f2e'
    outcome = async () => ({ kind: 'refused', refusal: { code: 'NameTaken', msg } })
    assert.deepEqual(await ask(), { kind: 'done' })
    assert.equal(steps.at(-1), 'write mc-join-status Rejected')
    const said = written.get('mc-join-status')?.data?.['msg'] ?? ''
    assert.equal(Buffer.from(said, 'base64').toString(), msg)
    assert.equal(joiner.attempts(pass()).isRefused, true)
  })

  it('repeats nothing of a refusal that would write more than letters on a terminal', async () => {
    for (const trick of ['\u001b[2J', '\u009b2J', '\u202e', '\u2028', '\u200b', '\ud800']) {
      const msg = `NameTaken: ${trick}all is well`
      outcome = async () => ({ kind: 'refused', refusal: { code: 'NameTaken', msg } })
      await ask()
      const said = Buffer.from(written.get('mc-join-status')?.data?.['msg'] ?? '', 'base64').toString()
      assert.equal(said, explain('NameTaken'), JSON.stringify(trick))
    }
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
    const askOrReturn = async () => {
      const asking = { ...pass(), identity: { key, joined: otherwise.joined } }
      joiner.attempts(asking)
      return joiner.ask(asking, { kind: 'ask', plan, name: 'east', otherwise, first })
    }
    const said = () => Buffer.from(written.get('mc-join-status')?.data?.['msg'] ?? '', 'base64').toString()

    it('shows it when the token is refused as that, and says nothing of the token', async () => {
      for (const code of ['TokenInvalid', 'TokenExpired', 'TokenExhausted'] as const) {
        steps = []
        outcome = refuse(code)
        assert.equal((await askOrReturn()).kind, 'decide')
        assert.deepEqual(
          steps.filter((step) => step.startsWith('exchange')),
          ['exchange', 'exchange to return'],
        )
        assert.equal(written.has('mc-join-status'), false)
      }
    })

    it('does not show it when the token admits it, or is refused for another reason', async () => {
      await askOrReturn()
      for (const code of ['TokenScope', 'NameTaken', 'Denied', 'KeyMismatch'] as const) {
        outcome = refuse(code)
        await askOrReturn()
        assert.equal(said(), `${explain(code)} (the membership of hub as east goes on)`)
      }
      assert.ok(!steps.includes('exchange to return'))
    })

    it('waits for approval as for anything else that may pass', async () => {
      outcome = refuse('TokenExpired')
      outcomeOfReturn = async () => {
        throw new ProtocolError('PendingApproval', 'a', { remedy: 'b', retryAfterMs: 10_000 })
      }
      assert.deepEqual(await askOrReturn(), { kind: 'again', afterMs: 10_000 })
      assert.equal(said(), 'PendingApproval: a; b')
    })

    it('records the refusal of a return without the claim that the membership goes on', async () => {
      outcome = refuse('TokenExpired')
      outcomeOfReturn = refuse('Denied')
      contact = { ...noContact(), word: { kind: 'unknown' } }
      assert.deepEqual(await askOrReturn(), { kind: 'done' })
      assert.equal(said(), explain('Denied'))
    })
  })

  it('waits as long as a busy primary asks, and says how often it has tried', async () => {
    outcome = async () => {
      throw new ProtocolError('Busy', 'a', { retryAfterMs: 7_000 })
    }
    assert.deepEqual(await ask(), { kind: 'again', afterMs: 7_000 })
    const annotations = written.get('mc-join-status')?.metadata.annotations
    assert.equal(annotations?.[names.attempts], '1')
  })

  it('makes no key where this cluster is a primary itself', async () => {
    isPrimary = true
    await ask()
    assert.deepEqual(steps, ['write mc-join-status Joining'])
  })
})
