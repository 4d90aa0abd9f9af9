/** What a join leaves behind, and that it may be repeated, raced and interrupted without leaving more. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Bootstrap, bootstrapKind } from '../../../../src/api/bootstrap.ts'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { annotations, clusterInfoFinalizer, clusterTypeLabel } from '../../../../src/api/group.ts'
import { type Secret, secretKind } from '../../../../src/kube/objects.ts'
import { failure } from '../memory-api.fixture.ts'
import { at, bootstrap, cluster, entry, k10, namespace, noon } from '../objects.fixture.ts'
import { applicant, issuer, joinWorld } from './join-world.fixture.ts'

const writes = (requests: readonly string[]) => requests.filter((request) => !/^(get|list) /.test(request))
const nameOf = (outcome: Awaited<ReturnType<ReturnType<typeof joinWorld>['join']>>) =>
  outcome.kind === 'joined' ? outcome.membership.clusterName : outcome.refusal.code

describe('an admitted join', () => {
  it('leaves a Cluster with its identity and a record of what it reported, by two writes', async () => {
    const world = joinWorld()
    const { token } = world.storeToken()
    const asks = applicant()
    const outcome = await world.join(asks, token)
    assert.equal(nameOf(outcome), 'east')
    assert.deepEqual(writes(world.api.requests), ['create clusters east', 'create bootstraps east'])
    const stored = world.api.stored<Cluster>(clusterKind, 'east', namespace)
    assert.deepEqual(stored?.spec, {
      primary: false,
      k10,
      member: { uid: asks.uid, publicKey: asks.key.x, keyId: asks.key.thumbprint, since: at(noon), tokenId: token.id },
    })
    assert.deepEqual(stored.metadata.labels, { [clusterTypeLabel]: 'secondary' })
    assert.deepEqual(stored.metadata.finalizers, [clusterInfoFinalizer])
    assert.equal(stored.status, undefined)
    assert.deepEqual(world.admitted, ['east'])
  })

  it('is told the primary, its address and its key, and nothing of other clusters', async () => {
    const world = joinWorld()
    const outcome = await world.join(applicant(), world.storeToken().token)
    assert.ok(outcome.kind === 'joined')
    const { token: communication, nonce, ...told } = outcome.membership
    assert.deepEqual(told, {
      clusterName: 'east',
      primaryName: 'primary-cluster-1',
      endpoints: ['https://primary.example.com'],
      keys: { current: { kid: issuer.key.thumbprint, x: issuer.key.x } },
      interval: 20,
    })
    assert.ok(communication.reveal().length > 0 && nonce.length > 0)
  })

  it('is a success again when it is repeated, and leaves nothing more, also where the cache is behind', async () => {
    for (const isBehind of [false, true]) {
      const world = joinWorld()
      const { token } = world.storeToken({ [annotations.maxUses]: '1' })
      const asks = applicant()
      assert.equal(nameOf(await world.join(asks, token)), 'east')
      if (!isBehind) world.api.sync()
      const before = writes(world.api.requests).length
      assert.equal(nameOf(await world.join(asks, token)), 'east')
      const repeated = writes(world.api.requests).slice(before)
      assert.deepEqual(
        repeated.filter((request) => !request.startsWith('create')),
        [],
      )
      assert.deepEqual([world.api.all(clusterKind).length, world.api.all(bootstrapKind).length], [1, 1])
      assert.equal(world.api.all<Secret>(secretKind)[0]?.metadata.annotations?.[annotations.uses], '1')
      assert.deepEqual(world.admitted, ['east'])
    }
  })

  it('keeps its registered name where it asks for another one', async () => {
    const world = joinWorld()
    const { token } = world.storeToken()
    const asks = applicant()
    await world.join(asks, token)
    world.api.sync()
    assert.equal(nameOf(await world.join({ ...asks, name: 'other' }, token)), 'east')
    assert.equal(world.api.all(clusterKind).length, 1)
  })

  it('binds to a name that was registered ahead, and makes no record of its own then', async () => {
    const world = joinWorld()
    world.api.put<Bootstrap>(bootstrapKind, bootstrap('fleet', { e: entry('east') }))
    world.api.put<Cluster>(clusterKind, cluster('east'))
    const asks = applicant()
    assert.equal(nameOf(await world.join(asks, world.storeToken().token)), 'east')
    const stored = world.api.stored<Cluster>(clusterKind, 'east', namespace)
    assert.deepEqual([stored?.spec.member?.uid, stored?.metadata.uid], [asks.uid, 'object-east'])
    assert.equal(world.api.all(bootstrapKind).length, 1)
  })

  it('gets a name made from its uid where it asks for none, and a longer one where that is taken', async () => {
    const world = joinWorld()
    const { token } = world.storeToken()
    const { uid } = applicant()
    const first = nameOf(await world.join(applicant({ uid, name: undefined }), token))
    assert.match(first, /^cluster-[0-9a-f]{8}$/)
    const taken = joinWorld()
    taken.storeMember(applicant({ name: first }))
    const second = nameOf(await taken.join(applicant({ uid, name: undefined }), taken.storeToken().token))
    assert.ok(second.startsWith(first) && /^cluster-[0-9a-f]{16}$/.test(second), second)
  })

  it('is not recorded over a Bootstrap of the user that has its name', async () => {
    const world = joinWorld()
    world.api.put<Bootstrap>(bootstrapKind, bootstrap('east', { p: entry('primary', { primary: true }) }))
    await world.join(applicant(), world.storeToken().token)
    const names = world.api.all(bootstrapKind).map(({ metadata }) => metadata.name)
    assert.deepEqual(names, ['east', 'east-join'])
  })
})

describe('a token that gives labels', () => {
  const gives = { [annotations.clusterLabels]: 'region=eu,tier=gold' }
  const labelsOf = (world: ReturnType<typeof joinWorld>) =>
    world.api.stored<Cluster>(clusterKind, 'east', namespace)?.metadata.labels

  it('puts them on the Cluster that a join makes, beside ours', async () => {
    const world = joinWorld()
    await world.join(applicant(), world.storeToken(gives).token)
    assert.deepEqual(labelsOf(world), { region: 'eu', tier: 'gold', [clusterTypeLabel]: 'secondary' })
  })

  it('overwrites none on a Cluster that was registered ahead', async () => {
    const world = joinWorld()
    world.api.put<Bootstrap>(bootstrapKind, bootstrap('fleet', { e: entry('east') }))
    const labels = { region: 'us', theirs: 'kept' }
    world.api.put<Cluster>(clusterKind, cluster('east', { metadata: { labels } }))
    await world.join(applicant(), world.storeToken(gives).token)
    assert.deepEqual(labelsOf(world), { region: 'us', theirs: 'kept', tier: 'gold' })
  })

  it('goes before what the member has reported of itself, and not before what a user has set', async () => {
    const world = joinWorld()
    const asks = applicant()
    const reported = { [annotations.memberLabels]: 'region=us,tier=silver' }
    world.storeMember(asks, { labels: { region: 'us', tier: 'bronze' }, annotations: reported })
    await world.join(asks, world.storeToken(gives).token)
    assert.deepEqual(labelsOf(world), { region: 'eu', tier: 'bronze' })
  })

  it('adds what is missing when a member joins again, and writes nothing where nothing is', async () => {
    const world = joinWorld()
    const asks = applicant()
    world.storeMember(asks, { labels: { tier: '' } })
    const { token } = world.storeToken(gives)
    await world.join(asks, token)
    assert.deepEqual(labelsOf(world), { region: 'eu', tier: '' })
    world.api.sync()
    const before = world.api.requests.length
    await world.join(asks, token)
    const again = writes(world.api.requests.slice(before))
    assert.deepEqual(
      again.filter((request) => request.includes('clusters')),
      [],
    )
  })
})

describe('a token whose annotations have become nonsense', () => {
  it('admits nobody', async () => {
    const world = joinWorld()
    const { token } = world.storeToken({ [annotations.maxUses]: 'many' })
    assert.equal(nameOf(await world.join(applicant(), token)), 'TokenScope')
    assert.deepEqual(world.api.all(clusterKind), [])
  })
})

describe('two clusters that ask for the same at once', () => {
  it('get the name once: the other is told that it is taken', async () => {
    const world = joinWorld()
    const { token } = world.storeToken()
    const outcomes = await Promise.all([world.join(applicant(), token), world.join(applicant(), token)])
    assert.deepEqual(outcomes.map(nameOf).toSorted(), ['NameTaken', 'east'])
    assert.equal(world.api.all(clusterKind).length, 1)
  })

  it('get the last use of a token once', async () => {
    const world = joinWorld()
    const { token } = world.storeToken({ [annotations.maxUses]: '1' })
    const asked = ['east', 'west', 'north', 'south'].map(async (name) => world.join(applicant({ name }), token))
    const outcomes = (await Promise.all(asked)).map(nameOf)
    assert.equal(outcomes.filter((outcome) => outcome === 'TokenExhausted').length, 3)
    assert.equal(world.api.all(clusterKind).length, 1)
    assert.equal(world.api.all<Secret>(secretKind)[0]?.metadata.annotations?.[annotations.uses], '1')
  })
})

describe('a join that a crash has cut in two', () => {
  it('is finished by the next one, for the same use of the token, wherever it was cut', async () => {
    for (const cut of ['create clusters', 'create bootstraps']) {
      const world = joinWorld()
      const { token } = world.storeToken({ [annotations.maxUses]: '1' })
      const asks = applicant()
      world.api.before = (request) => {
        if (request.startsWith(cut)) throw failure(0, 'ECONNRESET')
      }
      await assert.rejects(world.join(asks, token), { name: 'KubeApiError' }, cut)
      world.api.before = () => undefined
      world.api.sync()
      assert.equal(nameOf(await world.join(asks, token)), 'east', cut)
      assert.deepEqual([world.api.all(clusterKind).length, world.api.all(bootstrapKind).length], [1, 1], cut)
      assert.equal(world.api.all<Secret>(secretKind)[0]?.metadata.annotations?.[annotations.uses], '1', cut)
      assert.deepEqual(world.admitted, ['east'], cut)
    }
  })

  it('by a replica that was killed before it named the cluster is named by the next, whether admitted or to be approved, and once', async () => {
    for (const approval of [undefined, 'manual'] as const) {
      const world = joinWorld()
      const { token } = world.storeToken(approval === 'manual' ? { [annotations.approval]: approval } : {})
      const asks = applicant()
      const { metadata, spec } = world.storeMember(asks)
      world.api.put<Cluster>(
        clusterKind,
        cluster('east', { metadata, spec: { ...spec, ...(approval && { approval }) } }),
      )
      assert.equal((await world.ask(asks, token)).answer.isProven, true)
      assert.equal((await world.ask(asks, token)).answer.isProven, true)
      assert.deepEqual([world.admitted, world.waiting], approval === 'manual' ? [[], ['east']] : [['east'], []])
    }
  })
})

describe('a token that is revoked while a join is under way', () => {
  it('admits nobody, where the join has to be decided again', async () => {
    const world = joinWorld()
    const { token, secret } = world.storeToken()
    world.api.before = (request) => {
      if (!request.startsWith('create clusters')) return
      world.api.removeUnseen(secretKind, secret.metadata.name, namespace)
      world.api.before = () => undefined
      throw failure(409, 'AlreadyExists')
    }
    assert.equal(nameOf(await world.join(applicant(), token)), 'TokenInvalid')
    assert.deepEqual(world.api.all(clusterKind), [])
  })
})
