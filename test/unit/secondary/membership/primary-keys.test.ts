/** A member while its primary's keys roll: it names the newest one that announced itself, and never loses its primary. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { PrimaryKeys } from '../../../../src/protocol/fields.ts'
import { createKeyring } from '../../../../src/protocol/keyring.ts'
import { generateSigningKey, type SigningKey } from '../../../../src/protocol/keys.ts'
import { signNextKey } from '../../../../src/protocol/next-key.ts'
import { openHeartbeats } from '../../../../src/secondary/membership/beat.ts'
import { type Beat, contactAfter, noContact } from '../../../../src/secondary/membership/heartbeat.decide.ts'
import type { Member } from '../../../../src/secondary/membership/member.ts'
import { keysAfter, trustedKeys } from '../../../../src/secondary/membership/primary-keys.ts'
import { updatedMembership } from '../../../../src/secondary/membership/upkeep.decide.ts'
import { openLine } from '../../../../src/secondary/primary-client/line.ts'
import { keyringOf } from '../../../support/keyring.ts'
import { type FakePrimary, startFakePrimary } from '../fake-primary.fixture.ts'
import { forever, lineDeps } from '../lines.fixture.ts'
import { memberOf } from './member.fixture.ts'

const next = generateSigningKey()
let primary: FakePrimary
let member: Member
let announcement: string
let first: SigningKey
before(async () => {
  primary = await startFakePrimary()
  member = await memberOf(primary)
  announcement = await signNextKey(primary.issuer.uid, next)
  first = primary.issuer.key
})
after(async () => primary.close())

const named = (key: SigningKey) => ({ kid: key.thumbprint, x: key.x })

/** The reply to one heartbeat of a member that knows these keys, and the keys that it named in turn. */
async function beat(keys = member.info.membership.keys) {
  const lines = lineDeps()
  const info = { ...member.info, membership: { ...member.info.membership, keys } }
  const deps = { openLine: (options: Parameters<typeof openLine>[1]) => openLine(lines, options), boot: 'boot-1' }
  const versions = { operator: '0.1.0', kubernetes: 'v1.36.3' }
  const heartbeats = openHeartbeats(
    { ...deps, report: () => ({ versions, health: 'ok' }) },
    { ...member, info },
    undefined,
  )
  const before = primary.requests.length
  try {
    const heard = await heartbeats.beat(undefined, forever)
    const beats = primary.requests.slice(before).filter(({ path }) => path.endsWith('/heartbeat'))
    const kids = beats.map(({ body }) => (JSON.parse(body) as { kid: string }).kid)
    return { heard, kids: [...new Set(kids)] }
  } finally {
    heartbeats.close()
  }
}

describe('a member whose primary announces a key', () => {
  it('learns it from a reply that is signed by the key it trusts', async () => {
    primary.keyring = createKeyring(primary.issuer.uid, { current: first, next: { key: next, announcement } })
    primary.reply = { status: 'ok', interval: 20, keys: { current: named(first), next: announcement } }
    const { heard, kids } = await beat()
    assert.ok(heard.kind === 'answered' && heard.reply.status === 'ok')
    assert.deepEqual([heard.reply.keys, kids], [{ current: named(first), next: announcement }, [first.thumbprint]])
  })

  it('names it from then on, and believes what it has signed, over a connection that it vouches for itself', async () => {
    const { heard, kids } = await beat({ current: named(first), next: announcement })
    assert.deepEqual([heard.kind, kids], ['answered', [next.thumbprint]])
  })

  it('goes back to the key before it where the primary does not hold it', async () => {
    primary.keyring = keyringOf(primary.issuer)
    primary.reply = { status: 'ok', interval: 20, keys: { current: named(first) } }
    const { heard, kids } = await beat({ current: named(first), next: announcement })
    assert.ok(heard.kind === 'answered' && heard.reply.status === 'ok')
    assert.deepEqual([heard.reply.keys, kids.at(-1)], [{ current: named(first) }, first.thumbprint])
  })

  it('says so where the primary holds none of the keys that it trusts', async () => {
    primary.keyring = createKeyring(primary.issuer.uid, { current: generateSigningKey() })
    const { heard } = await beat({ current: named(first), next: announcement })
    assert.ok(heard.kind === 'silent')
    assert.equal(heard.error.code, 'PrimaryKeyMismatch')
  })

  it('leaves out an announcement that the key itself has not signed, and believes the rest', async () => {
    primary.keyring = keyringOf(primary.issuer)
    for (const forged of [await signNextKey('another-primary', next), `${announcement.slice(0, -8)}AAAAAAAA`]) {
      primary.reply = { status: 'ok', interval: 20, keys: { current: named(first), next: forged } }
      const { heard } = await beat()
      assert.ok(heard.kind === 'answered' && heard.reply.status === 'ok')
      assert.deepEqual(heard.reply.keys, { current: named(first) })
    }
  })

  it('drops a reply whose current key is not the one that it is called', async () => {
    const keys = { current: { kid: first.thumbprint, x: next.x } }
    primary.reply = { status: 'ok', interval: 20, keys }
    const { heard } = await beat()
    assert.ok(heard.kind === 'silent')
    assert.equal(heard.error.code, 'NotOurServer')
  })
})

describe('the keys that a member trusts', () => {
  it('are the announced one and then the current one; what somebody has spoiled announces nothing', () => {
    const current = named(first)
    const kids = (keys: Parameters<typeof trustedKeys>[0]['keys']) => trustedKeys({ keys }).map((key) => key.thumbprint)
    assert.deepEqual(kids({ current }), [first.thumbprint])
    assert.deepEqual(kids({ current, next: announcement }), [next.thumbprint, first.thumbprint])
    assert.deepEqual(kids({ current, next: 'spoiled' }), [first.thumbprint])
  })

  it('are those of the last answer, but for a replica that announces what is current already', () => {
    const announced = { current: named(first), next: announcement }
    const promoted = { current: named(next) }
    assert.deepEqual(keysAfter({ current: named(first) }, announced), announced)
    assert.deepEqual(keysAfter(announced, promoted), promoted)
    assert.equal(keysAfter(promoted, announced), promoted)
    assert.equal(keysAfter(promoted, undefined), promoted)
    assert.equal(keysAfter(promoted, { current: named(next) }), promoted)
  })
})

describe('a member of a primary whose replicas disagree about the next key', () => {
  const membershipWith = (keys: PrimaryKeys) => ({ ...member.info.membership, keys })
  const reply = (keys: PrimaryKeys): Beat => ({
    kind: 'answered',
    reply: { status: 'ok', interval: 20, keys },
    endpoint: member.info.membership.endpoint,
  })

  /** What is stored after each reply, where that is something new. */
  function written(said: readonly PrimaryKeys[]): readonly PrimaryKeys[] {
    let membership = membershipWith({ current: named(first) })
    let contact = noContact()
    const writes: PrimaryKeys[] = []
    for (const keys of said) {
      contact = contactAfter(contact, reply(keys), 0)
      const updated = updatedMembership(membership, contact)
      if (updated.keys !== membership.keys) writes.push(updated.keys)
      membership = updated
    }
    return writes
  }

  it('takes the key up, gives it up once, and rests', () => {
    const [without, announced] = [{ current: named(first) }, { current: named(first), next: announcement }]
    const inTurn = Array.from({ length: 20 }, (_, turn) => (turn % 2 === 0 ? announced : without))
    assert.deepEqual(written(inTurn), [announced, without])
  })

  it('takes it up all the same when it has become the current one, and the next one after it', async () => {
    const [without, announced] = [{ current: named(first) }, { current: named(first), next: announcement }]
    const promoted = { current: named(next) }
    const later = { current: named(next), next: await signNextKey(primary.issuer.uid, generateSigningKey()) }
    assert.deepEqual(written([announced, without, announced, promoted, later]), [announced, without, promoted, later])
  })
})
