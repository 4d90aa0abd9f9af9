/** A member that its primary has forgotten shows its membership: who decides, what is stored, and who stays out. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bootstrapKind } from '../../../../src/api/bootstrap.ts'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { annotations } from '../../../../src/api/group.ts'
import { maxWaiting } from '../../../../src/primary/join/waiting-places.ts'
import { at, bootstrap, cluster, entry, member, namespace, noon } from '../objects.fixture.ts'
import { applicant, joinWorld } from './join-world.fixture.ts'

type World = ReturnType<typeof joinWorld>
const writes = (requests: readonly string[]) => requests.filter((request) => !/^(get|list) /.test(request))
const stored = (world: World, name = 'east') => world.api.stored<Cluster>(clusterKind, name, namespace)

function decide(world: World, approved: boolean): void {
  const found = stored(world)
  assert.ok(found !== undefined)
  world.api.put<Cluster>(clusterKind, { ...found, spec: { ...found.spec, approved } })
}

describe('a member that its primary has forgotten', () => {
  it('is stored as one that waits, under its own name and without a token, and told of on its Cluster', async () => {
    const world = joinWorld()
    const asks = applicant()
    assert.equal(await world.comeBack(asks), 'PendingApproval')
    assert.deepEqual(writes(world.api.requests), ['create clusters east'])
    const { uid, key } = asks
    assert.deepEqual(stored(world)?.spec.member, {
      uid,
      keyId: key.thumbprint,
      publicKey: key.x,
      since: at(noon),
      tokenId: '',
    })
    assert.equal(stored(world)?.spec.approval, 'manual')
    assert.deepEqual([world.returning, world.waiting, world.admitted], [['east'], [], []])
  })

  it('waits for as long as nobody decides, writes nothing more, and is told of once', async () => {
    const world = joinWorld()
    const asks = applicant()
    await world.comeBack(asks)
    world.api.requests.length = 0
    for (let again = 0; again < 3; again += 1) {
      await world.advance(10_000)
      assert.equal(await world.comeBack(asks), 'PendingApproval')
    }
    assert.deepEqual(writes(world.api.requests), [])
    assert.deepEqual(world.returning, ['east'])
  })

  it('is let in by the next ask after the yes, and recorded then', async () => {
    const world = joinWorld()
    const asks = applicant()
    await world.comeBack(asks)
    decide(world, true)
    world.api.requests.length = 0
    assert.equal(await world.comeBack(asks), 'east')
    assert.deepEqual(writes(world.api.requests), ['create bootstraps east'])
  })

  it('is refused for good after the no', async () => {
    const world = joinWorld()
    const asks = applicant()
    await world.comeBack(asks)
    decide(world, false)
    assert.equal(await world.comeBack(asks), 'Denied')
  })

  it('goes on waiting where it asks with a token that asks for no approval', async () => {
    const world = joinWorld()
    const asks = applicant()
    await world.comeBack(asks)
    const { answer } = await world.ask(asks, world.storeToken().token)
    assert.equal('code' in answer.body && answer.body.code, 'PendingApproval')
  })

  it('is a member again at once where the primary knows it after all', async () => {
    const world = joinWorld()
    const asks = applicant()
    const before = world.storeMember(asks)
    assert.equal(await world.comeBack(asks), 'east')
    assert.deepEqual(stored(world), before)
  })

  it('takes a name that was registered ahead, and waits there', async () => {
    const world = joinWorld()
    world.api.put(bootstrapKind, bootstrap('fleet', { e: entry('east') }))
    world.api.put<Cluster>(clusterKind, cluster('east'))
    const asks = applicant()
    assert.equal(await world.comeBack(asks), 'PendingApproval')
    assert.deepEqual([stored(world)?.spec.approval, stored(world)?.spec.member?.uid], ['manual', asks.uid])
  })

  it('waits its turn where a hundred wait to come back, whatever waits with tokens', async () => {
    const world = joinWorld()
    const wait = (index: number, tokenId: string) => {
      const spec = { approval: 'manual', member: member({ uid: `uid-${tokenId}${index}`, tokenId }) } as const
      world.api.put<Cluster>(clusterKind, cluster(`west-${index}`, { spec }))
    }
    for (let index = 0; index < maxWaiting; index += 1) wait(index, 'AAAAAAAAAAAAAAAA')
    assert.equal(await world.comeBack(applicant()), 'PendingApproval')
    for (let index = 0; index < maxWaiting; index += 1) wait(index, '')
    await assert.rejects(world.comeBack(applicant({ name: 'north' })), { name: 'ProtocolError', code: 'Busy' })
  })

  it('is refused where its name, its key or its uid has become another cluster', async () => {
    const taken = joinWorld()
    taken.storeMember(applicant())
    assert.equal(await taken.comeBack(applicant()), 'NameTaken')

    const rekeyed = joinWorld()
    const asks = applicant()
    rekeyed.storeMember({ ...applicant(), uid: asks.uid })
    assert.equal(await rekeyed.comeBack(asks), 'KeyMismatch')
    const found = stored(rekeyed)
    assert.ok(found !== undefined)
    const allowed = { ...found.metadata, annotations: { [annotations.allowRebind]: asks.key.thumbprint } }
    rekeyed.api.put<Cluster>(clusterKind, { ...found, metadata: allowed })
    assert.equal(await rekeyed.comeBack(asks), 'east', 'a key that is allowed needs no token')

    const cloned = joinWorld()
    const copy = applicant()
    cloned.storeMember({ ...copy, uid: crypto.randomUUID(), name: 'west' })
    assert.equal(await cloned.comeBack(copy), 'CloneSuspected')
  })
})
