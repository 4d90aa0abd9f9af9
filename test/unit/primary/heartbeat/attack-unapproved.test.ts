/** A cluster that waits for approval has proved its key: with it alone it must not become a member. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { isConfirmed } from '../../../../src/primary/cluster/standing.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { namespace } from '../objects.fixture.ts'
import { type Beater, beater, heartbeatWorld, issuer } from './heartbeat-world.fixture.ts'

function waitingWorld(east: Beater, spec: Partial<Cluster['spec']> = {}) {
  const world = heartbeatWorld()
  const made = world.clusterOf(east)
  const waiting = world.api.put<Cluster>(clusterKind, { ...made, spec: { ...made.spec, approval: 'manual', ...spec } })
  const isMember = () => {
    const stored = world.api.stored<Cluster>(clusterKind, 'east', namespace)
    return stored !== undefined && isConfirmed(stored)
  }
  return { world, waiting, isMember }
}

describe('a cluster that was not approved', () => {
  it('gains nothing by a communication token that it makes up, and causes no look at the API server', async () => {
    const east = beater()
    const { world, isMember } = waitingWorld(east)
    const token = await world.tokenOf(east, { ...issuer, key: generateSigningKey() })
    await assert.rejects(world.service.heartbeat(await world.requestOf(east, { token })), { code: 'ProofInvalid' })
    assert.deepEqual([world.api.requests, isMember()], [[], false])
  })

  it('gains nothing by the token of a membership that it once had: it is told to join, and waits there', async () => {
    for (const spec of [{}, { approved: false }]) {
      const east = beater()
      const { world, isMember } = waitingWorld(east, spec)
      assert.equal((await world.beat(east)).status, 'UnknownCluster')
      assert.equal(isMember(), false)
    }
  })

  it('whose approval is taken back before its first heartbeat is stored, is no member', async () => {
    for (const approved of [undefined, false]) {
      const east = beater()
      const { world, waiting, isMember } = waitingWorld(east, { approved: true })
      const { approved: _, ...spec } = waiting.spec
      const taken = { ...waiting, spec: { ...spec, ...(approved === undefined ? {} : { approved }) } }
      world.api.putUnseen<Cluster>(clusterKind, taken)
      await assert.rejects(world.beat(east), { name: 'ProtocolError', code: 'Busy' })
      assert.equal(isMember(), false)
    }
  })

  it('is a member as soon as it is approved, also where the cache does not show that yet', async () => {
    const east = beater()
    const { world, waiting, isMember } = waitingWorld(east)
    world.api.putUnseen<Cluster>(clusterKind, { ...waiting, spec: { ...waiting.spec, approved: true } })
    assert.equal((await world.beat(east)).status, 'ok')
    assert.equal(isMember(), true)
  })
})
