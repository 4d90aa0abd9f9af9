/** A bounded token admits so many clusters: a member that gives its key to further ones, one after the other, has one use. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { annotations } from '../../../../src/api/group.ts'
import { type Secret, secretKind } from '../../../../src/kube/objects.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { namespace } from '../objects.fixture.ts'
import { type Applicant, applicant, joinWorld } from './join-world.fixture.ts'

/** The member has another key by now: it has asked for it, or an administrator has allowed that one. */
function giveNewKey(world: ReturnType<typeof joinWorld>, { name = '', key }: Applicant): void {
  const found = world.api.stored<Cluster>(clusterKind, name, namespace)
  assert.ok(found?.spec.member)
  const { thumbprint, x } = generateSigningKey()
  const member = { ...found.spec.member, keyId: thumbprint, publicKey: x, previousKeyId: key.thumbprint }
  world.api.put<Cluster>(clusterKind, { ...found, spec: { ...found.spec, member } })
}

async function usedOnce() {
  const world = joinWorld()
  const { token } = world.storeToken({ [annotations.maxUses]: '1' })
  const east = applicant()
  const ask = async (asks: Applicant): Promise<string> => {
    const outcome = await world.join(asks, token)
    world.api.sync()
    return outcome.kind === 'joined' ? outcome.membership.clusterName : outcome.refusal.code
  }
  assert.equal(await ask(east), 'east')
  return { world, east, ask }
}

describe('the key that has used the only use of a token', () => {
  it('lets no other cluster in after its member has got another key', async () => {
    const { world, east, ask } = await usedOnce()
    giveNewKey(world, east)
    const west = applicant({ key: east.key, name: 'west' })
    assert.equal(await ask(west), 'TokenExhausted')
    assert.deepEqual(
      world.api.all<Cluster>(clusterKind).map(({ metadata }) => metadata.name),
      ['east'],
    )
  })

  it('lets no other cluster in after its member has gone', async () => {
    const { world, east, ask } = await usedOnce()
    world.api.removeUnseen(clusterKind, 'east', namespace)
    world.api.sync()
    assert.equal(await ask(applicant({ key: east.key, name: 'west' })), 'TokenExhausted')
  })

  it('is good for its own cluster again, also under another name, without another use', async () => {
    const { world, east, ask } = await usedOnce()
    world.api.removeUnseen(clusterKind, 'east', namespace)
    world.api.sync()
    assert.equal(await ask({ ...east, name: 'west' }), 'west')
    assert.equal(world.api.all<Secret>(secretKind)[0]?.metadata.annotations?.[annotations.uses], '1')
  })
})
