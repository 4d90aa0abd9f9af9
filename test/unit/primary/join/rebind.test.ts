/** A member that has lost its key comes back with another: who allows it, what is written, and who is kept out. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { annotations } from '../../../../src/api/group.ts'
import { type Secret, secretKind } from '../../../../src/kube/objects.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import type { JoinToken } from '../../../../src/protocol/token.ts'
import { at, namespace, noon } from '../objects.fixture.ts'
import { type Applicant, applicant, joinWorld } from './join-world.fixture.ts'

const uid = '3a0d62c1-9e53-4f0b-9a52-2f1f0d9a7c11'
const writes = (requests: readonly string[]) => requests.filter((request) => !/^(get|list) /.test(request))

/** The member `east`, and the same cluster with a new key. */
function lostKey() {
  const world = joinWorld()
  const old = applicant({ uid })
  world.storeMember(old)
  const asks = applicant({ uid })
  return { world, old, asks, cluster: () => world.api.stored<Cluster>(clusterKind, 'east', namespace) }
}
type World = ReturnType<typeof joinWorld>

/** The name under which it was admitted, or the code of its refusal. */
async function ask(world: World, asks: Applicant, token: JoinToken): Promise<string> {
  const outcome = await world.join(asks, token)
  world.api.sync()
  return outcome.kind === 'joined' ? outcome.membership.clusterName : outcome.refusal.code
}

function allow(world: World, keyId: string, more: Partial<Cluster['spec']> = {}): void {
  const found = world.api.stored<Cluster>(clusterKind, 'east', namespace)
  assert.ok(found !== undefined)
  const metadata = { ...found.metadata, annotations: { [annotations.allowRebind]: keyId, team: 'blue' } }
  world.api.put<Cluster>(clusterKind, { ...found, metadata, spec: { ...found.spec, ...more } })
}

describe('a member with a new key', () => {
  it('is refused, and follows the command in the refusal to be let in', async () => {
    const { world, asks, cluster } = lostKey()
    const { token } = world.storeToken()
    const outcome = await world.join(asks, token)
    assert.equal(outcome.kind, 'refused')
    if (outcome.kind !== 'refused') return
    const words = outcome.refusal.msg.split(' ')
    const [key, keyId] = words.find((word) => word.includes('='))?.split('=') ?? []
    assert.deepEqual([key, keyId], [annotations.allowRebind, asks.key.thumbprint])
    allow(world, keyId ?? '')
    assert.equal(await ask(world, asks, token), 'east')
    const { since, ...member } = cluster()?.spec.member ?? {}
    assert.equal(since, at(noon))
    assert.deepEqual(member, { uid, keyId, publicKey: asks.key.x, tokenId: token.id })
    assert.deepEqual(world.rebound, ['east'])
  })

  it('takes the permission with it in the very write that changes the key, and nothing else of the user', async () => {
    const { world, asks, cluster } = lostKey()
    const { token } = world.storeToken()
    allow(world, asks.key.thumbprint)
    world.api.requests.length = 0
    assert.equal(await ask(world, asks, token), 'east')
    assert.deepEqual(writes(world.api.requests), ['patch clusters east', 'create bootstraps east'])
    assert.deepEqual(cluster()?.metadata.annotations, { team: 'blue' })
  })

  it('does not leave the old key as the previous one, which may still be answered', async () => {
    const { world, old, asks, cluster } = lostKey()
    const before = cluster()?.spec.member
    assert.ok(before !== undefined)
    allow(world, asks.key.thumbprint, { member: { ...before, previousKeyId: old.key.thumbprint } })
    assert.equal(await ask(world, asks, world.storeToken().token), 'east')
    assert.equal(Object.hasOwn(cluster()?.spec.member ?? {}, 'previousKeyId'), false)
  })

  it('is let in once by a permission: whoever comes next with another key is refused', async () => {
    const { world, old, asks } = lostKey()
    const { token } = world.storeToken()
    allow(world, asks.key.thumbprint)
    assert.equal(await ask(world, asks, token), 'east')
    assert.equal(await ask(world, old, token), 'KeyMismatch')
    assert.equal(await ask(world, asks, token), 'east', 'the same key again is recognised')
    assert.deepEqual(world.rebound, ['east'])
  })

  it('is let in by a younger token that was made for it, and by that only once', async () => {
    const { world, asks } = lostKey()
    await world.advance(120_000)
    const { token } = world.storeToken({ [annotations.boundUid]: uid }, noon + 60_000)
    assert.equal(await ask(world, asks, token), 'east')
    assert.equal(await ask(world, { ...asks, key: generateSigningKey() }, token), 'KeyMismatch')
  })

  it('uses up a use of a bounded token, as every new key does', async () => {
    const { world, asks } = lostKey()
    const { token } = world.storeToken({ [annotations.maxUses]: '1' })
    allow(world, asks.key.thumbprint)
    assert.equal(await ask(world, asks, token), 'east')
    const usedBy = world.api.all<Secret>(secretKind)[0]?.metadata.annotations?.[annotations.usedBy]
    assert.equal(usedBy, `${asks.uid}.${asks.key.thumbprint}`)
  })

  it('that waits for approval goes on waiting', async () => {
    const { world, asks, cluster } = lostKey()
    allow(world, asks.key.thumbprint, { approval: 'manual' })
    const { answer } = await world.ask(asks, world.storeToken().token)
    assert.equal('code' in answer.body && answer.body.code, 'PendingApproval')
    assert.equal(cluster()?.spec.member?.keyId, asks.key.thumbprint)
  })

  it('that was denied stays out', async () => {
    const { world, old, asks, cluster } = lostKey()
    allow(world, asks.key.thumbprint, { approval: 'manual', approved: false })
    assert.equal(await ask(world, asks, world.storeToken().token), 'Denied')
    assert.equal(cluster()?.spec.member?.keyId, old.key.thumbprint)
  })

  it('is looked at anew where somebody else has written the Cluster meanwhile', async () => {
    const { world, asks, cluster } = lostKey()
    const { token } = world.storeToken()
    allow(world, asks.key.thumbprint)
    world.api.before = (request) => {
      if (!request.startsWith('patch clusters')) return
      world.api.before = () => undefined
      allow(world, 'somebody-else')
    }
    assert.equal(await ask(world, asks, token), 'KeyMismatch')
    assert.equal(cluster()?.metadata.annotations?.[annotations.allowRebind], 'somebody-else')
  })
})
