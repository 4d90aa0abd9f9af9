/** Step 3 of a member that comes back: it rests on its membership, and can be taken for no join, nor a join for it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { joinBodySchema, verifyJoinRequest } from '../../../src/protocol/join-request.ts'
import { decodeReturnRequest, verifyReturnRequest } from '../../../src/protocol/join-return.ts'
import { decodeJws } from '../../../src/protocol/jws.ts'
import { signMembershipToken } from '../../../src/protocol/membership-token.ts'
import { encode, smallOrderPoints } from './edwards.fixture.ts'
import { now, runExchange } from './exchange.fixture.ts'
import { claimsOf, forge } from './forge.fixture.ts'
import { refusedWith } from './refused.fixture.ts'

const exchange = await runExchange()
const { issuer, joiner, token: joinToken, returning } = exchange
const token = exchange.membership.token.reveal()
const claims = claimsOf(returning)
const header = (x = joiner.key.x) => ({ alg: 'Ed25519', typ: 'mcj-join+jwt', jwk: { kty: 'OKP', crv: 'Ed25519', x } })
const build = (changed: object = {}, x?: string) => forge(joiner.key, header(x), { ...claims, ...changed })
const verify = async (request: string, shown = token) =>
  verifyReturnRequest(decodeReturnRequest(request, shown), issuer.uid)

describe('the request of a return', () => {
  it('tells the primary who comes back, under its registered name and with no join token', async () => {
    const { key, claims: verified } = await verify(returning)
    assert.equal(key.x, joiner.key.x)
    assert.deepEqual(verified, {
      v: 1,
      iss: joiner.key.thumbprint,
      sub: joiner.uid,
      aud: issuer.uid,
      tid: null,
      cn: exchange.ask.cn,
      sn: exchange.opened.sn,
      name: 'cluster-x',
      epk: exchange.exchangeKey.publicKey,
      k10: joiner.k10,
      versions: joiner.versions,
      iat: now / 1000,
    })
    await assert.doesNotReject(verify(build()))
  })

  it('is not the inner message of a join, nor is that one it', async () => {
    const { inner } = exchange.decoded
    await assert.rejects(verify(inner.compact), refusedWith('Malformed', /claim tid/))
    const wrapped = { ...exchange.decoded, inner: decodeJws(returning, 'mcj-join+jwt') }
    await assert.rejects(verifyJoinRequest(wrapped, issuer.uid), refusedWith('Malformed', /claim tid/))
  })

  it('says that it has no join token; silence and a text are not that', async () => {
    for (const tid of [undefined, '', 'null', joinToken.id, 0, false])
      await assert.rejects(verify(build({ tid })), refusedWith('Malformed', /claim tid/))
  })

  it('rests on a token of this very cluster, key and name', async () => {
    const member = { clusterName: 'cluster-x', uid: joiner.uid, thumbprint: joiner.key.thumbprint }
    const shown = async (changed: object) => signMembershipToken(issuer, { ...member, ...changed }, now)
    await assert.doesNotReject(verify(returning, await shown({})))
    await assert.rejects(
      verify(returning, await shown({ uid: 'another' })),
      refusedWith('ProofInvalid', /another cluster/),
    )
    const thumbprint = issuer.key.thumbprint
    await assert.rejects(verify(returning, await shown({ thumbprint })), refusedWith('ProofInvalid', /or key/))
    await assert.rejects(
      verify(returning, await shown({ clusterName: 'other' })),
      refusedWith('Malformed', /different/),
    )
    await assert.rejects(verify(returning, returning), refusedWith('Malformed', /at\+jwt/))
    await assert.rejects(verify(build({ name: undefined })), refusedWith('Malformed', /claim name/))
  })

  it('is refused with a weak key, a weak exchange key, or for another primary', async () => {
    for (const { x, y } of smallOrderPoints())
      await assert.rejects(verify(build({}, encode(y, (x & 1n) === 1n ? 1n : 0n))), refusedWith('Malformed'))
    const epk = Buffer.alloc(32).toString('base64url')
    await assert.rejects(verify(build({ epk })), refusedWith('Malformed', /small order/))
    await assert.rejects(verify(build({ aud: 'another' })), refusedWith('Malformed', /another primary/))
    await assert.rejects(verify(build({ iss: issuer.key.thumbprint })), { name: 'ProtocolError' })
  })
})

it('a body with a token of another form is no body of a join', () => {
  for (const bad of [null, '', 1, {}, 'x'.repeat(16 * 1024 + 1)])
    assert.equal(joinBodySchema.safeParse({ request: returning, token: bad }).success, false)
})
