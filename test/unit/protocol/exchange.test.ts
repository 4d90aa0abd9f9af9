/** A whole join and a heartbeat as the two clusters see it, and what somebody between or beside them can do. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hkdf, sha256 } from '../../../src/protocol/encoding.ts'
import { decodeJoinRequest, verifyJoinRequest } from '../../../src/protocol/join-request.ts'
import { openResult } from '../../../src/protocol/join-result.ts'
import { seedOf } from '../../../src/protocol/keys.ts'
import { joinContext, joinNonceLifetime, verifyNonce } from '../../../src/protocol/nonce.ts'
import { verifyPossession } from '../../../src/protocol/possession-proof.ts'
import { openReply } from '../../../src/protocol/reply.ts'
import { generateExchangeKey } from '../../../src/protocol/seal.ts'
import {
  challengePath,
  heartbeatPath,
  joinPath,
  leavePath,
  maxAnswerBytes,
  maxRequestBytes,
} from '../../../src/protocol/wire.ts'
import { keyringOf } from '../../support/keyring.ts'
import { type Exchange, issuerOf, joinerOf, memberNonceLifetime, now, runExchange } from './exchange.fixture.ts'
import { claimsOf } from './forge.fixture.ts'
import { refusedWith } from './refused.fixture.ts'
import { verifiersOf, verifyRequest } from './verifiers.fixture.ts'

const exchange = await runExchange()
const { issuer, joiner, token, echoes, request, exchangeKey } = exchange
const primary = { primaryUid: token.primaryUid, primaryKey: token.primaryKey }

const decode = (text: string): string[] =>
  text.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'))

/** Every byte that crosses the wire, as sent and with each part decoded. */
function trafficOf(exchange: Exchange): string {
  const { challenge, request, accepted, refused, proof, reply } = exchange
  const bodies = [JSON.stringify(exchange.ask), String(exchange.heartbeat.body)]
  const texts = [...bodies, challenge, request, accepted, refused, proof, reply, exchange.membership.token.reveal()]
  const once = texts.flatMap(decode)
  return [...texts, ...once, ...once.flatMap(decode)].join('\n')
}

function occursIn(traffic: string, secret: Uint8Array): boolean {
  const bytes = Buffer.from(secret)
  const spellings = [
    bytes.toString('latin1'),
    bytes.toString('hex'),
    bytes.toString('base64url'),
    bytes.toString('base64'),
  ]
  return spellings.some((text) => traffic.includes(text.slice(0, 16)))
}

describe('a join from the first question to the first heartbeat', () => {
  it('ends with both sides knowing each other', async () => {
    const outcome = await openResult(exchange.accepted, { ...primary, echoes, request, exchangeKey })
    assert.ok(outcome.kind === 'joined')
    assert.equal(outcome.membership.clusterName, 'cluster-x')
    const limits = { now, lifetime: memberNonceLifetime }
    const possession = await verifyPossession(keyringOf(issuer), exchange.proof, exchange.heartbeat, limits)
    assert.equal(possession.key.thumbprint, joiner.key.thumbprint)
    const reply = await openReply(exchange.reply, { ...primary, proof: exchange.proof, thumbprint: echoes.jkt })
    assert.deepEqual(reply, { status: 'ok', interval: 20 })
  })

  it('uses the documented paths and sizes', () => {
    assert.equal(challengePath, '/mc/v1/join/challenge')
    assert.equal(joinPath, '/mc/v1/join')
    assert.equal(heartbeatPath('edge'), '/mc/v1/clusters/edge/heartbeat')
    assert.equal(leavePath('edge'), '/mc/v1/clusters/edge/leave')
    assert.equal(maxRequestBytes, 16 * 1024)
    assert.equal(maxAnswerBytes, 64 * 1024)
  })

  it('fits the largest request that its fields allow into one body', async () => {
    const url = `https://${'a'.repeat(2_040)}`
    const largest = await runExchange('largest', {
      issuer: { ...issuer, uid: 'u'.repeat(64) },
      joiner: {
        ...joiner,
        uid: 'u'.repeat(64),
        name: 'n'.repeat(63),
        k10: { namespace: 'n'.repeat(63), releaseName: 'r'.repeat(63), ingress: { url } },
        versions: { operator: 'v'.repeat(64), kubernetes: 'v'.repeat(64) },
      },
    })
    assert.ok(JSON.stringify({ request: largest.request, kid: issuer.key.thumbprint }).length < maxRequestBytes)
    await assert.doesNotReject(verifyJoinRequest(largest.decoded, 'u'.repeat(64)))
  })

  it('derives everything as the protocol document writes it', () => {
    const [, header = '', secret = ''] = exchange.issued.text.reveal().split('.')
    const tokenKeySeed = hkdf(Buffer.from(secret, 'base64url'), `mcj1/token-key/${sha256(header)}`, 32)
    assert.deepEqual(seedOf(token.key), tokenKeySeed)
    assert.equal(claimsOf(exchange.refused)['reqh'], sha256(request))
    assert.equal(claimsOf(exchange.reply)['reqh'], sha256(exchange.proof))
    assert.equal(claimsOf(exchange.proof)['ath'], sha256(exchange.membership.token.reveal()))
    assert.equal(claimsOf(exchange.proof)['bh'], sha256(String(exchange.heartbeat.body)))
  })
})

describe('somebody who reads everything on the wire', () => {
  const traffic = trafficOf(exchange)

  it('finds what is public, so that the search is known to work', () => {
    assert.ok(occursIn(traffic, Buffer.from(joiner.key.x, 'base64url')))
    assert.ok(occursIn(traffic, Buffer.from(exchangeKey.publicKey, 'base64url')))
    assert.ok(traffic.includes(token.id))
    assert.ok(traffic.includes('"namespace":"kasten-io"'))
  })

  it("finds neither the token's secret nor any private key", () => {
    const [, , secret = ''] = exchange.issued.text.reveal().split('.')
    const secrets = {
      "the token's secret": Buffer.from(secret, 'base64url'),
      'the token key': seedOf(token.key),
      "the secondary's key": seedOf(joiner.key),
      "the primary's key": seedOf(issuer.key),
      'the nonce key': issuer.nonceKey.secret.reveal().export(),
      'the exchange key': exchangeKey.secret.reveal(),
    }
    for (const [what, bytes] of Object.entries(secrets)) assert.equal(occursIn(traffic, bytes), false, what)
  })
})

describe('somebody who replays a join', () => {
  it('brings the primary to the same state and nothing else', async () => {
    assert.deepEqual(decodeJoinRequest(request), exchange.decoded)
    const [first, replayed] = [await verifyRequest(exchange, request), await verifyRequest(exchange, request)]
    assert.deepEqual(replayed, first)
  })

  it('cannot open the answer without the exchange key that only the joiner had', async () => {
    const thief = { ...primary, echoes, request, exchangeKey: generateExchangeKey() }
    await assert.rejects(openResult(exchange.accepted, thief), refusedWith('NotOurServer'))
  })

  it('is too late after a minute', () => {
    const context = joinContext(issuer.uid, exchange.decoded)
    const verifyAt = (age: number) =>
      verifyNonce([issuer.nonceKey], context, exchange.decoded.sn, { now: now + age, lifetime: joinNonceLifetime })
    assert.equal(verifyAt(60_000), now)
    assert.throws(() => verifyAt(60_001), refusedWith('NonceInvalid'))
  })
})

describe('somebody who relays between two primaries', () => {
  it('cannot use anything of one at the other, for the same secondary', async () => {
    const other = await runExchange('one', { issuer: issuerOf('b') })
    for (const [name, verifier] of Object.entries(verifiersOf(other))) {
      const own = verifiersOf(exchange)[name]
      // The bare token names a membership and proves nothing: who reads it looks at the Cluster.
      if (own !== undefined && name !== 'membership token')
        await assert.rejects(verifier.verify(own.own), { name: 'ProtocolError' }, name)
    }
  })

  it("cannot have another primary take the first one's nonce", () => {
    const { nonceKey, uid } = issuerOf('b')
    assert.throws(
      () => verifyNonce([nonceKey], joinContext(uid, exchange.decoded), exchange.decoded.sn, { now, lifetime: 60_000 }),
      refusedWith('NonceInvalid'),
    )
  })
})

/** Good whoever brings them: they name and prove their own sender, and the next key is the same for all. */
const namesItsSender = new Set(['request', 'inner request', 'possession proof', 'membership token', 'next key'])

describe('two secondaries that join at the same time with one token', () => {
  it('cannot use what was meant for the other', async () => {
    const other = await runExchange('one', { joiner: joinerOf('y') })
    assert.equal(other.token.id, token.id)
    for (const [name, verifier] of Object.entries(verifiersOf(other))) {
      const own = verifiersOf(exchange)[name]
      if (own !== undefined && !namesItsSender.has(name))
        await assert.rejects(verifier.verify(own.own), { name: 'ProtocolError' }, name)
    }
  })
})
