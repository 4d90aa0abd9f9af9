/** Step 3: a request proves two keys at once, and says nothing that the signatures do not cover. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  decodeJoinRequest,
  joinBodySchema,
  signJoinRequest,
  verifyJoinRequest,
  verifyTokenProof,
} from '../../../src/protocol/join-request.ts'
import type { SigningKey } from '../../../src/protocol/keys.ts'
import { encode, littleEndian, p, smallOrderPoints, toMontgomery } from './edwards.fixture.ts'
import { issuerOf, joinerOf, now, runExchange } from './exchange.fixture.ts'
import { claimsOf, forge, withPart } from './forge.fixture.ts'
import { keyOf } from './randomness.fixture.ts'
import { refusedWith } from './refused.fixture.ts'
import { verifyRequest } from './verifiers.fixture.ts'

const exchange = await runExchange()
const { issuer, joiner, token, request, decoded } = exchange
const claims = claimsOf(decoded.inner.compact)
const jwkOf = (key: SigningKey) => ({ kty: 'OKP', crv: 'Ed25519', x: key.x })

/** A request with this inside, with each signature as told; both are good where nothing else is said. */
function build({
  changed = {},
  innerKey = joiner.key,
  named = innerKey,
  outerKey = token.key,
  kid = token.id,
}: {
  changed?: object
  innerKey?: SigningKey
  named?: { x: string }
  outerKey?: SigningKey
  kid?: string
} = {}): string {
  const jwk = { ...jwkOf(joiner.key), x: named.x }
  const inner = forge(innerKey, { alg: 'Ed25519', typ: 'mcj-join+jwt', jwk }, { ...claims, ...changed })
  return forge(outerKey, { alg: 'Ed25519', typ: 'mcj-auth+jws', kid }, inner)
}

const verify = async (message: string) => verifyRequest(exchange, message)

describe('a join request', () => {
  it('tells the primary who joins, under which name and for which question', async () => {
    const join = await verifyJoinRequest(decoded, issuer.uid)
    assert.equal(join.key.x, joiner.key.x)
    assert.deepEqual(join.claims, {
      v: 1,
      iss: joiner.key.thumbprint,
      sub: joiner.uid,
      aud: issuer.uid,
      tid: token.id,
      cn: exchange.ask.cn,
      sn: exchange.opened.sn,
      name: 'cluster-x',
      epk: exchange.exchangeKey.publicKey,
      k10: joiner.k10,
      versions: joiner.versions,
      iat: now / 1000,
    })
  })

  it('asks for no name where none is given', async () => {
    const { name: _name, ...nameless } = joinerOf('x')
    const anonymous = await runExchange('one', { joiner: nameless })
    assert.equal('name' in (await verifyJoinRequest(anonymous.decoded, issuer.uid)).claims, false)
  })

  it('decodes to the same state when it is sent again', async () => {
    const [once, again] = [await verify(request), await verify(request)]
    assert.deepEqual(again, once)
    assert.deepEqual(decodeJoinRequest(request), decoded)
  })

  it('is the same by a clock that is ten years off, but for the time that it reports', async () => {
    const wrong = now - 10 * 365 * 86_400_000
    const parts = { token, challenge: exchange.opened, exchangeKey: exchange.exchangeKey.publicKey }
    const late = await signJoinRequest(joiner, { ...parts, now: wrong })
    const { claims: verified } = await verifyJoinRequest(decodeJoinRequest(late), issuer.uid)
    assert.deepEqual({ ...verified, iat: 0 }, { ...claims, iat: 0 })
  })

  it('built by this test from the same claims is accepted, so that what follows fails for its own reason', async () => {
    await assert.doesNotReject(verify(build()))
  })
})

describe('a request whose signatures do not both hold', () => {
  it('is refused when the token key did not sign it', async () => {
    const stranger = keyOf('stranger')
    for (const outerKey of [stranger, joiner.key, issuer.key])
      await assert.rejects(verify(build({ outerKey })), refusedWith('ProofInvalid'))
  })

  it('is refused when the key that it carries did not sign it', async () => {
    const stranger = keyOf('stranger')
    await assert.rejects(verify(build({ innerKey: stranger, named: joiner.key })), refusedWith('ProofInvalid'))
    const inner = withPart(decoded.inner.compact, 2, Buffer.alloc(64).toString('base64url'))
    const outer = forge(token.key, decoded.outer.header, inner)
    await assert.rejects(verify(outer), refusedWith('ProofInvalid'))
  })

  it('is refused when it names another key than the one that it carries', async () => {
    await assert.rejects(
      verify(build({ innerKey: keyOf('stranger') })),
      refusedWith('Malformed', 'the request names another key than its own'),
    )
  })

  it('is refused when the proof names another token than the request', async () => {
    const message = 'the proof and the request name different tokens'
    for (const kid of ['AAAAAAAAAAAAAAAA', '', `${token.id} `])
      await assert.rejects(verify(build({ kid })), refusedWith('Malformed', message))
    await assert.rejects(verify(build({ changed: { tid: 'AAAAAAAAAAAAAAAA' } })), refusedWith('Malformed', message))
    const nameless = forge(token.key, { alg: 'Ed25519', typ: 'mcj-auth+jws' }, decoded.inner.compact)
    await assert.rejects(verify(nameless), refusedWith('Malformed', message))
  })

  it('is refused without its outer signature, without its inner one, and doubly wrapped', async () => {
    const wrapped = forge(token.key, decoded.outer.header, request)
    const bare = forge(token.key, decoded.outer.header, JSON.stringify(claims))
    for (const message of [decoded.inner.compact, bare, wrapped])
      await assert.rejects(verify(message), refusedWith('Malformed'))
  })

  it('of another token of the same primary is refused', async () => {
    const other = await runExchange('another token')
    await assert.rejects(verifyTokenProof(other.decoded, exchange.issued.publicKey), refusedWith('ProofInvalid'))
  })
})

describe('a request that was made for somebody else', () => {
  it('is refused by another primary, even one that has the same token key', async () => {
    await assert.rejects(
      verifyJoinRequest(decoded, issuerOf('b').uid),
      refusedWith('Malformed', 'the request is meant for another primary'),
    )
  })

  it('is refused by a primary whose uid only begins the same', async () => {
    for (const uid of [`${issuer.uid}x`, issuer.uid.slice(0, -1), issuer.uid.toUpperCase(), ` ${issuer.uid}`])
      await assert.rejects(verifyJoinRequest(decoded, uid), refusedWith('Malformed'))
  })
})

describe('a request with weak keys', () => {
  it('is refused for a small-order or non-canonical key of the secondary, before its signature is looked at', async () => {
    const weak = smallOrderPoints().flatMap(({ y }) => [encode(y, 0n), encode(y, 1n)])
    for (const x of [...weak, encode(p, 0n), encode(p + 1n, 1n)])
      await assert.rejects(verify(build({ named: { x } })), refusedWith('Malformed', /^a public key /))
  })

  it('is refused for a weak exchange key, before anything could be stored for it', async () => {
    const weak = smallOrderPoints()
      .filter(({ y }) => y !== 1n)
      .map(toMontgomery)
    for (const u of [...weak, 0n, p - 1n, p, p + 1n, 2n ** 255n + 9n]) {
      const epk = littleEndian(u).toString('base64url')
      await assert.rejects(verify(build({ changed: { epk } })), refusedWith('Malformed', /^an exchange key /), `${u}`)
    }
  })
})

describe('a request of another form', () => {
  const wrong: Record<string, object> = {
    'another version': { v: 2 },
    'no version': { v: undefined },
    'a uid with a slash': { sub: 'kube-system/uid' },
    'an empty uid': { sub: '' },
    'a uid of 65 characters': { sub: 'a'.repeat(65) },
    'a list of audiences': { aud: [issuer.uid] },
    'a name in capitals': { name: 'Edge' },
    'an empty name': { name: '' },
    'a name of 64 characters': { name: 'a'.repeat(64) },
    'a look-alike name': { name: '\u0435dge' },
    'null for a name': { name: null },
    'no exchange key': { epk: undefined },
    'no k10': { k10: undefined },
    'a namespace with a dot': { k10: { namespace: 'a.b', releaseName: 'k10' } },
    'an endless URL': { k10: { namespace: 'a', releaseName: 'k10', ingress: { url: 'h'.repeat(2_049) } } },
    'a version with a line break': { versions: { operator: '1\n', kubernetes: '1' } },
    'no time': { iat: undefined },
  }
  for (const [what, changed] of Object.entries(wrong))
    it(`is refused with ${what}`, async () => {
      await assert.rejects(verify(build({ changed })), refusedWith('Malformed'))
    })

  it('is told by the claim that is wrong, and not by its value', async () => {
    await assert.rejects(
      verify(build({ changed: { k10: { namespace: 'a secret', releaseName: 'k10' } } })),
      refusedWith('Malformed', 'claim k10.namespace of a mcj-join+jwt is not well-formed'),
    )
  })

  it('may say more than this version knows', async () => {
    await assert.doesNotReject(verify(build({ changed: { more: { a: 1 } } })))
  })

  it('is refused in a body with more than 16 KiB, or of another type', () => {
    for (const body of [{}, { request: '' }, { request: 'a'.repeat(16 * 1024 + 1) }, { request: 1 }, null, 'text'])
      assert.equal(joinBodySchema.safeParse(body).success, false)
    assert.equal(joinBodySchema.safeParse({ request, kid: issuer.key.thumbprint }).success, true)
  })
})
