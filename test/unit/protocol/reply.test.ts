/** The primary's answer to a member: believed only signed, and only for the very proof it answers. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { signPossession } from '../../../src/protocol/possession-proof.ts'
import {
  heartbeatSchema,
  openReply,
  type Reply,
  replyAnswerSchema,
  replyStatus,
  signReply,
} from '../../../src/protocol/reply.ts'
import { issuerOf, joinerOf, now, runExchange } from './exchange.fixture.ts'
import { claimsOf, forge } from './forge.fixture.ts'
import { refusedWith } from './refused.fixture.ts'

const exchange = await runExchange()
const { issuer, joiner, token, proof, membership } = exchange
const thumbprint = joiner.key.thumbprint
const header = { alg: 'Ed25519', typ: 'mcj-reply+jwt' }
const claims = claimsOf(exchange.reply)
const every: readonly Reply[] = [
  { status: 'ok', interval: 20 },
  {
    status: 'ok',
    interval: 20,
    token: membership.token.reveal(),
    keys: membership.keys,
    endpoints: ['https://a', 'https://b'],
  },
  { status: 'Disconnected', at: now / 1000 },
  { status: 'UnknownCluster' },
  { status: 'KeyMismatch' },
]

const open = async (reply: string, to = proof) =>
  openReply(reply, { proof: to, thumbprint, primaryUid: token.primaryUid, primaryKey: token.primaryKey })
const signedWith = (changed: object) => forge(issuer.key, header, { ...claims, ...changed })

describe('a reply', () => {
  for (const reply of every)
    it(`brings ${JSON.stringify(Object.keys(reply))} with ${reply.status} to the member, and nothing more`, async () => {
      assert.deepEqual(await open(await signReply(issuer, { proof, thumbprint }, reply)), reply)
    })

  it('has one HTTP status for each outcome, as documented', () => {
    assert.deepEqual(replyStatus, { ok: 200, Disconnected: 410, UnknownCluster: 404, KeyMismatch: 403 })
  })

  it('may say more than this version knows', async () => {
    assert.deepEqual(await open(signedWith({ more: 1 })), { status: 'ok', interval: 20 })
  })
})

describe('a forged end of a membership', () => {
  it('is not believed from another key, for any status', async () => {
    for (const reply of every)
      for (const key of [token.key, joiner.key, issuerOf('b').key]) {
        const forged = await signReply({ ...issuer, key }, { proof, thumbprint }, reply)
        await assert.rejects(open(forged), refusedWith('PrimaryKeyMismatch'), reply.status)
      }
  })

  it('is not believed unsigned', async () => {
    for (const text of ['', '{"status":"Disconnected"}', '<html>410 Gone</html>', 'a.b.c'])
      await assert.rejects(open(text), refusedWith('NotOurServer'), text)
  })

  it('is not believed when it was recorded: a genuine one, given to an earlier request', async () => {
    const recorded = await signReply(issuer, { proof, thumbprint }, { status: 'Disconnected', at: now / 1000 })
    const next = await signPossession(joiner.key, exchange.heartbeat, { nonce: membership.nonce, boot: 'boot-1' })
    await assert.rejects(open(recorded, next), refusedWith('NotOurServer', 'the reply belongs to another request'))
  })

  it('is not believed when it was meant for another member or came from another primary', async () => {
    const other = joinerOf('y').key.thumbprint
    const forOther = await signReply(issuer, { proof, thumbprint: other }, { status: 'Disconnected', at: 1 })
    const fromCopy = await signReply({ ...issuer, uid: 'a-copy' }, { proof, thumbprint }, { status: 'UnknownCluster' })
    for (const reply of [forOther, fromCopy]) await assert.rejects(open(reply), refusedWith('NotOurServer'))
  })
})

describe('a reply of another form', () => {
  const wrong: Record<string, object> = {
    'an unknown status': { status: 'Gone' },
    'a status in small letters': { status: 'disconnected' },
    'no status': { status: undefined },
    'no interval': { interval: undefined },
    'an interval of nothing': { interval: 0 },
    'an interval as text': { interval: '20' },
    'a disconnection without its time': { status: 'Disconnected' },
    'an empty token': { token: '' },
    'a key that is none': { keys: { current: { kid: 'a', x: 'b' } } },
    'eleven endpoints': { endpoints: Array.from({ length: 11 }, () => 'https://a') },
    'no hash of the proof': { reqh: undefined },
    'no audience': { aud: undefined },
  }
  for (const [what, changed] of Object.entries(wrong))
    it(`is not believed with ${what}, though the primary signed it`, async () => {
      await assert.rejects(open(signedWith(changed)), refusedWith('NotOurServer'))
    })

  it('is refused as a body without the reply, or with another type', () => {
    for (const body of [{}, { reply: 1 }, { reply: '' }, null, 'text'])
      assert.equal(replyAnswerSchema.safeParse(body).success, false)
    assert.equal(replyAnswerSchema.safeParse({ reply: exchange.reply }).success, true)
  })
})

describe('the body of a heartbeat', () => {
  const body = { versions: { operator: '0.1.0+a1', kubernetes: 'v1.36.3' }, health: 'ok', kid: thumbprint }

  it('says how the member is, with any one word', () => {
    for (const health of ['ok', 'CatalogUnreachable', 'a'.repeat(64)])
      assert.equal(heartbeatSchema.parse({ ...body, health }).health, health)
  })

  it('is refused with free text that could break a log, a condition or a metric', () => {
    for (const health of ['', 'a b', 'a\nb', 'a"b', 'ä', 'a'.repeat(65), '<b>', '\u001b[31m', null])
      assert.equal(heartbeatSchema.safeParse({ ...body, health }).success, false, String(health))
    for (const kubernetes of ['', 'v1 36', 'v'.repeat(65)])
      assert.equal(heartbeatSchema.safeParse({ ...body, versions: { operator: '1', kubernetes } }).success, false)
  })
})
