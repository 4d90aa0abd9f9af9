import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createUsedNonces } from '../../../../src/primary/member/used-nonces.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { cluster, member } from '../objects.fixture.ts'
import { freshNonce, heartbeatBy, primaryWith } from './heartbeat-service.fixture.ts'

describe('a captured heartbeat that is sent again and again', () => {
  const key = generateSigningKey()
  const east = cluster('east', { spec: { member: member({ keyId: key.thumbprint }) } })

  it('is heard once, and takes nothing of what the member may ask', async () => {
    let heard = 0
    const confirmation = {
      async heard() {
        heard += 1
      },
    }
    const { service } = primaryWith(east, { confirmation })
    const captured = await heartbeatBy(key, { nonce: freshNonce(key, Date.now() - 1_000) })
    assert.equal((await service.heartbeat(captured)).status, 200)
    for (let time = 0; time < 10; time += 1) assert.equal((await service.heartbeat(captured)).status, 401)
    assert.equal((await service.heartbeat(await heartbeatBy(key))).status, 200)
    assert.equal(heard, 2)
  })

  it('is heard no more once the member has gone on, also if it had never arrived', async () => {
    const { service } = primaryWith(east)
    const captured = await heartbeatBy(key, { nonce: freshNonce(key, Date.now() - 1_000) })
    assert.equal((await service.heartbeat(await heartbeatBy(key))).status, 200)
    assert.equal((await service.heartbeat(captured)).status, 401)
  })

  it('gets a nonce that the member itself could go on with', async () => {
    const { service } = primaryWith(east)
    const lost = await heartbeatBy(key, { nonce: freshNonce(key, Date.now() - 1_000) })
    await service.heartbeat(lost)
    const { nonce } = await service.heartbeat(lost)
    assert.ok(nonce)
    assert.equal((await service.heartbeat(await heartbeatBy(key, { nonce }))).status, 200)
  })
})

describe('a nonce that was used while the clock was ahead', () => {
  it('does not lock its member out when the clock is put back', () => {
    const nonces = createUsedNonces()
    const hour = 3_600_000
    assert.ok(nonces.use('key', { madeAt: 2 * hour, now: 2 * hour }))
    assert.ok(nonces.use('key', { madeAt: hour, now: hour }))
    assert.ok(!nonces.use('key', { madeAt: hour, now: hour + 1 }))
  })
})
