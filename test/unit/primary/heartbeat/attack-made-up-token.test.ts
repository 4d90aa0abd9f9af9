import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../../../src/lib/clock.ts'
import type { Tombstones } from '../../../../src/primary/cluster/tombstones.ts'
import type { Confirmation } from '../../../../src/primary/heartbeat/confirmation.ts'
import { createHeartbeatService } from '../../../../src/primary/heartbeat/heartbeat-service.ts'
import type { ClusterLookup } from '../../../../src/primary/join/cluster-lookup.ts'
import { createBuckets } from '../../../../src/primary/load/buckets.ts'
import { ProtocolError } from '../../../../src/protocol/errors.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { signMembershipToken } from '../../../../src/protocol/membership-token.ts'
import { createNonce, memberContext, nonceKeyOf } from '../../../../src/protocol/nonce.ts'
import { signPossession } from '../../../../src/protocol/possession-proof.ts'
import { heartbeatPath } from '../../../../src/protocol/wire.ts'

const primaryKey = generateSigningKey()
const issuer = { uid: 'uid-primary', key: primaryKey, nonceKey: nonceKeyOf(primaryKey) }
const body = Buffer.from('{"versions":{"operator":"0.1.0","kubernetes":"v1.36.3"},"health":"ok"}')

/** A stranger with a key and a nonce of his own sends this token; gives the answer's code and the looks it caused. */
async function send(signer: typeof issuer) {
  const looks: string[] = []
  const look = (what: string) => async () => {
    looks.push(what)
    return undefined
  }
  const service = createHeartbeatService({
    issuer: () => issuer,
    serving: () => {
      throw new ProtocolError('Busy')
    },
    interval: () => 20_000,
    clusters: { named: () => undefined, live: look('cluster') } as unknown as ClusterLookup,
    tombstones: { findLive: look('tombstone') } as unknown as Tombstones,
    confirmation: {} as Confirmation,
    pace: createBuckets({ burst: 5, perSecond: 1 }, systemClock),
    clock: systemClock,
  })
  const key = generateSigningKey()
  const { thumbprint } = key
  const token = await signMembershipToken(signer, { clusterName: 'east', uid: 'uid-east', thumbprint }, Date.now())
  const nonce = createNonce(issuer.nonceKey, memberContext(issuer.uid, thumbprint), Date.now())
  const proof = await signPossession(key, { path: heartbeatPath('east'), token, body }, { nonce, boot: 'boot' })
  const answered = await service.heartbeat({ clusterName: 'east', token, proof, body }).then(
    ({ status }) => status,
    (error: unknown) => (error instanceof ProtocolError ? error.code : error),
  )
  return { answered, looks: looks.toSorted() }
}

describe('a stranger who makes up a communication token', () => {
  it('is turned away without a look at the API server', async () => {
    const other = generateSigningKey()
    const forged = await send({ ...issuer, key: other })
    assert.deepEqual(forged, { answered: 'ProofInvalid', looks: [] })
  })

  it('is not taken for a former member, who gets one', async () => {
    assert.deepEqual(await send(issuer), { answered: 404, looks: ['cluster', 'tombstone'] })
  })
})
