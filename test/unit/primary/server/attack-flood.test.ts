import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../../../src/lib/clock.ts'
import { createBuckets } from '../../../../src/primary/load/buckets.ts'
import { createMemberLane } from '../../../../src/primary/member/member-lane.ts'
import { generateSigningKey, type SigningKey } from '../../../../src/protocol/keys.ts'
import { signPossession } from '../../../../src/protocol/possession-proof.ts'
import { challengePath, heartbeatPath, leavePath, proofHeader } from '../../../../src/protocol/wire.ts'
import { cluster, member } from '../objects.fixture.ts'
import { admittingServer, hardlyAny } from './join-server.fixture.ts'

const known = generateSigningKey()
const east = cluster('east', { spec: { member: member({ keyId: known.thumbprint }) } })

/** A server whose one source may ask so often, and nothing more comes back while a test runs. */
function serverFor(options: { burst: number }) {
  const server = admittingServer({
    sources: createBuckets({ burst: options.burst, perSecond: hardlyAny }, systemClock),
    lane: createMemberLane({
      clusters: { byKey: (keyId) => (keyId === known.thumbprint ? east : undefined) },
      pace: createBuckets({ burst: 2, perSecond: hardlyAny }, systemClock),
    }),
  })
  const ask = async (url: string, headers: Record<string, string> = {}) =>
    server.inject({ method: 'POST', url, headers: { 'content-type': 'application/json', ...headers }, payload: '{}' })
  return {
    challenge: async () => (await ask(challengePath)).statusCode,
    /** A request whose proof names this key; only its form is looked at here. */
    async beat(key: SigningKey, path = heartbeatPath('east')) {
      const proven = { path, token: 'a.b.c', body: '{}' }
      const proof = await signPossession(key, proven, { nonce: 'A'.repeat(54), boot: 'b' })
      return (await ask(proven.path, { authorization: 'DPoP a.b.c', [proofHeader]: proof })).statusCode
    },
    beatWith: async (proof: string) =>
      (await ask(heartbeatPath('east'), { authorization: 'DPoP a.b.c', [proofHeader]: proof })).statusCode,
  }
}

describe('an address that strangers have flooded', () => {
  it('still lets the heartbeats of members through, and lets them leave', async () => {
    const server = serverFor({ burst: 1 })
    assert.deepEqual([await server.challenge(), await server.challenge()], [200, 429])
    assert.equal(await server.beat(known), 200)
    assert.equal(await server.beat(known, leavePath('east')), 200)
  })

  it('lets nobody else through with a heartbeat, and a member no faster than a member may ask', async () => {
    const server = serverFor({ burst: 1 })
    await server.challenge()
    assert.equal(await server.beat(generateSigningKey()), 429)
    for (const proof of ['', 'x', 'a.b.c']) assert.equal(await server.beatWith(proof), 429)
    assert.deepEqual([await server.beat(known), await server.beat(known), await server.beat(known)], [200, 200, 429])
  })

  it('gains nothing by what passes beside its limit', async () => {
    const server = serverFor({ burst: 1 })
    await server.challenge()
    await server.beat(known)
    assert.equal(await server.challenge(), 429)
  })
})
