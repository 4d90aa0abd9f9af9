/** A cluster that comes with the key of another: it is refused, and the other one, which cannot know of it, is marked. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { annotations } from '../../../../src/api/group.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { applicant, joinWorld } from './join-world.fixture.ts'

describe('a join with the key of another cluster', () => {
  it('is refused, and the Cluster whose key it is shows so', async () => {
    const world = joinWorld()
    const east = applicant()
    world.storeMember(east)
    const { token } = world.storeToken()
    const outcome = await world.join(applicant({ key: east.key, name: 'west' }), token)
    assert.equal(outcome.kind === 'refused' && outcome.refusal.code, 'CloneSuspected')
    assert.deepEqual(world.suspected, ['east SameKeyOtherUid'])
  })

  it('is refused too where that one has another key by now, and has not used it yet: both are good', async () => {
    const world = joinWorld()
    const east = applicant()
    const stored = world.storeMember(east)
    assert.ok(stored.spec.member)
    const { thumbprint: keyId, x: publicKey } = generateSigningKey()
    const member = { ...stored.spec.member, keyId, publicKey, previousKeyId: east.key.thumbprint }
    const changed = { ...stored, spec: { ...stored.spec, member } }
    const { token } = world.storeToken()
    const ask = async (name: string) => {
      const outcome = await world.join(applicant({ key: east.key, name }), token)
      return outcome.kind === 'refused' ? outcome.refusal.code : outcome.kind
    }
    world.api.put<Cluster>(clusterKind, { ...changed, status: { keyId: east.key.thumbprint } })
    assert.equal(await ask('west'), 'CloneSuspected')
    world.api.put<Cluster>(clusterKind, { ...changed, status: { keyId } })
    assert.equal(await ask('west'), 'joined', "from its first use on the other one is nobody's")
  })

  it('shows so also where its token may not tell it of other clusters', async () => {
    const world = joinWorld()
    const east = applicant()
    world.storeMember(east)
    const { token } = world.storeToken({ [annotations.clusterName]: 'west' })
    const outcome = await world.join(applicant({ key: east.key, name: 'west' }), token)
    assert.equal(outcome.kind === 'refused' && outcome.refusal.code, 'TokenScope')
    assert.deepEqual(world.suspected, ['east SameKeyOtherUid'])
  })

  it('shows nothing without a valid token, or where only the uid or the name is that of another', async () => {
    const world = joinWorld()
    const east = applicant()
    world.storeMember(east)
    const { token } = world.storeToken()
    const { token: revoked } = joinWorld().storeToken()
    await world.join(applicant({ key: east.key, name: 'west' }), revoked)
    await world.join(applicant({ uid: east.uid }), token)
    await world.join(applicant(), token)
    assert.deepEqual(world.suspected, [])
  })
})
