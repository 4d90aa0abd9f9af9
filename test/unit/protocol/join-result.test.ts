/** Step 4: the secondary believes only the answer that the primary signed for this very request, sealed where it admits. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { protocolErrors } from '../../../src/protocol/error-table.ts'
import { openResult, sealAcceptance, signRefusal } from '../../../src/protocol/join-result.ts'
import { generateExchangeKey, seal } from '../../../src/protocol/seal.ts'
import { encode, smallOrderPoints } from './edwards.fixture.ts'
import { type Exchange, issuerOf, joinerOf, runExchange } from './exchange.fixture.ts'
import { claimsOf, forge } from './forge.fixture.ts'
import { refusedWith } from './refused.fixture.ts'

const exchange = await runExchange()
const { issuer, token, exchangeKey, echoes, request } = exchange
const header = { alg: 'Ed25519', typ: 'mcj-result+jwt' }
const accepted = claimsOf(exchange.signed)
const refused = claimsOf(exchange.refused)

function expectedIn({ token, echoes, request, exchangeKey }: Exchange) {
  return { primaryUid: token.primaryUid, primaryKey: token.primaryKey, echoes, request, exchangeKey }
}
const open = async (result: string, by: Exchange = exchange) => openResult(result, expectedIn(by))
/** What the primary's own key signs and seals for this exchange. */
const sealed = (claims: object) => seal(forge(issuer.key, header, claims), exchangeKey.publicKey)

describe('an acceptance', () => {
  it('gives the secondary its membership', async () => {
    assert.deepEqual(await open(exchange.accepted), { kind: 'joined', membership: exchange.membership })
  })

  it('built by this test from the same claims is believed, so that what follows fails for its own reason', async () => {
    assert.deepEqual(await open(sealed(accepted)), { kind: 'joined', membership: exchange.membership })
  })

  it('is not believed unsealed, though the signature is good', async () => {
    await assert.rejects(open(exchange.signed), refusedWith('NotOurServer', 'the answer to the join is not sealed'))
  })

  it('is not opened by who replays the request with another exchange key', async () => {
    const thief = { ...exchange, exchangeKey: generateExchangeKey() }
    await assert.rejects(open(exchange.accepted, thief), refusedWith('NotOurServer'))
  })

  it('does not show the communication token on the way', () => {
    const bytes = Buffer.from(exchange.accepted, 'base64url').toString('latin1')
    for (const part of exchange.membership.token.reveal().split('.')) {
      assert.ok(exchange.signed.length > 0 && !exchange.accepted.includes(part))
      assert.ok(!bytes.includes(part))
    }
  })

  it('is not sealed to a weak exchange key', async () => {
    await assert.rejects(
      sealAcceptance(issuer, { echoes, request, exchangeKey: encode(0n, 0n) }, exchange.membership),
      refusedWith('Malformed'),
    )
  })

  it('is not believed from whoever knows the exchange key: the seal alone proves nothing', async () => {
    const stranger = forge(token.key, header, accepted)
    await assert.rejects(open(seal(stranger, exchangeKey.publicKey)), refusedWith('PrimaryKeyMismatch'))
    await assert.rejects(open(seal(JSON.stringify(accepted), exchangeKey.publicKey)), refusedWith('NotOurServer'))
  })

  const wrong: Record<string, object> = {
    'no communication token': { token: undefined },
    'no name': { clusterName: undefined },
    'a name that no object can have': { clusterName: '../escape' },
    'no keys': { keys: undefined },
    'keys that are no keys': { keys: { current: { kid: 'a', x: 'b' } } },
    'eleven endpoints': { endpoints: Array.from({ length: 11 }, () => 'https://a') },
    'no interval': { interval: undefined },
    'an interval of nothing': { interval: 0 },
    'a negative interval': { interval: -20 },
    'no nonce': { nonce: undefined },
    'another status': { status: 'joined' },
  }
  for (const [what, changed] of Object.entries(wrong))
    it(`with ${what} is not believed`, async () => {
      await assert.rejects(open(sealed({ ...accepted, ...changed })), refusedWith('NotOurServer'))
    })
})

describe('a refusal', () => {
  it('gives the secondary the reason', async () => {
    assert.deepEqual(await open(exchange.refused), {
      kind: 'refused',
      refusal: { code: 'NameTaken', msg: 'the name is taken' },
    })
  })

  it('is believed with every code that the table gives to signed answers', async () => {
    for (const [code, meaning] of Object.entries(protocolErrors))
      if ((meaning.origins as readonly string[]).includes('signed')) {
        const outcome = await open(forge(issuer.key, header, { ...refused, code }))
        assert.deepEqual(outcome, { kind: 'refused', refusal: { code, msg: 'the name is taken' } })
      }
  })

  it('with a code that is never given signed, or unknown, changes nothing for good', async () => {
    const unsigned = Object.entries(protocolErrors).filter(
      ([, { origins }]) => !(origins as readonly string[]).includes('signed'),
    )
    assert.ok(unsigned.length > 10)
    for (const code of [
      ...unsigned.map(([code]) => code),
      'NewInVersionTwo',
      '',
      'constructor',
      '__proto__',
      'tokeninvalid',
    ])
      await assert.rejects(open(forge(issuer.key, header, { ...refused, code })), refusedWith('VersionTooOld'), code)
  })

  it('is not believed from another primary, or from who holds the token', async () => {
    const options = [
      { echoes, request },
      { code: 'TokenInvalid', msg: 'no' },
    ] as const
    const another = await signRefusal({ ...issuerOf('b'), uid: issuer.uid }, ...options)
    const holder = await signRefusal({ ...issuer, key: token.key }, ...options)
    for (const forged of [another, holder]) await assert.rejects(open(forged), refusedWith('PrimaryKeyMismatch'))
  })

  it('is not believed with too long a text', async () => {
    const long = forge(issuer.key, header, { ...refused, msg: 'm'.repeat(1_025) })
    await assert.rejects(open(long), refusedWith('NotOurServer'))
  })
})

describe('an answer to something else', () => {
  const bound: Record<string, unknown> = {
    iss: issuerOf('b').uid,
    aud: joinerOf('y').key.thumbprint,
    sub: joinerOf('y').uid,
    cn: 'AAAAAAAAAAAAAAAAAAAAAA',
    sn: 'A'.repeat(54),
    reqh: 'A'.repeat(43),
  }
  for (const [name, other] of Object.entries(bound)) {
    it(`is not believed with another ${name}, accepted or refused`, async () => {
      const belongsElsewhere = refusedWith('NotOurServer', 'the answer to the join belongs to another exchange')
      await assert.rejects(open(sealed({ ...accepted, [name]: other })), belongsElsewhere)
      await assert.rejects(open(forge(issuer.key, header, { ...refused, [name]: other })), belongsElsewhere)
    })

    it(`is not believed without ${name}`, async () => {
      const rest = { ...refused, [name]: undefined }
      await assert.rejects(open(forge(issuer.key, header, rest)), refusedWith('NotOurServer'))
    })
  }

  it('is not believed when it was recorded in an earlier exchange of the same two', async () => {
    const earlier = await runExchange('earlier')
    for (const recorded of [earlier.accepted, earlier.refused])
      await assert.rejects(open(recorded), refusedWith('NotOurServer'))
  })

  it('is not believed by another secondary that asks at the same time', async () => {
    const other = await runExchange('one', { joiner: joinerOf('y') })
    await assert.rejects(open(exchange.refused, other), refusedWith('NotOurServer'))
  })

  it('is not believed from anything that is no answer of a primary', async () => {
    const weak = smallOrderPoints().map(({ y }) => encode(y, 0n))
    for (const text of ['', 'OK', '<html></html>', '{"status":"Joined"}', 'AAAA', ...weak, 'A'.repeat(32 * 1024)])
      await assert.rejects(open(text), refusedWith('NotOurServer'), text.slice(0, 50))
  })
})
