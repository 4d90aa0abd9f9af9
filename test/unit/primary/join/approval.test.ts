/** A token that asks for approval: who waits, what that costs, and what comes of the word of an administrator. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Bootstrap, bootstrapKind } from '../../../../src/api/bootstrap.ts'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { annotations } from '../../../../src/api/group.ts'
import { type Secret, secretKind } from '../../../../src/kube/objects.ts'
import { maxWaiting } from '../../../../src/primary/join/waiting-places.ts'
import type { JoinToken } from '../../../../src/protocol/token.ts'
import { failure } from '../memory-api.fixture.ts'
import { at, bootstrap, cluster, entry, member, namespace, noon } from '../objects.fixture.ts'
import { type Applicant, applicant, joinWorld } from './join-world.fixture.ts'

type World = ReturnType<typeof joinWorld>

const manual = { [annotations.approval]: 'manual' }
const writes = (requests: readonly string[]) => requests.filter((request) => !/^(get|list) /.test(request))
const stored = (world: World, name = 'east') => world.api.stored<Cluster>(clusterKind, name, namespace)

/** What the answer says: a code, signed or not, or the name under which the cluster was admitted. */
async function ask(world: World, asks: Applicant, token: JoinToken): Promise<string> {
  const { answer, open } = await world.ask(asks, token)
  world.api.sync()
  if ('code' in answer.body) {
    const { body, status, retryAfter, isProven } = answer
    assert.deepEqual([body.code, status, retryAfter, isProven], ['PendingApproval', 503, 10, true])
    return body.code
  }
  const outcome = await open()
  return outcome.kind === 'joined' ? outcome.membership.clusterName : outcome.refusal.code
}

/** An administrator decides on the Cluster. */
function decide(world: World, approved: boolean, name = 'east'): void {
  const found = stored(world, name)
  assert.ok(found !== undefined)
  world.api.put<Cluster>(clusterKind, { ...found, spec: { ...found.spec, approved } })
}

function waitingWorld(more: Record<string, string> = {}) {
  const world = joinWorld()
  return { world, ...world.storeToken({ ...manual, ...more }) }
}

describe('the first join with a token that asks for approval', () => {
  it('makes the Cluster, which says that it waits, and nothing else', async () => {
    const { world, token } = waitingWorld()
    assert.equal(await ask(world, applicant(), token), 'PendingApproval')
    assert.deepEqual(writes(world.api.requests), ['create clusters east'])
    assert.deepEqual([stored(world)?.spec.approval, stored(world)?.spec.approved], ['manual', undefined])
    assert.deepEqual([world.waiting, world.admitted], [['east'], []])
  })

  it('takes a use, once, however often it asks', async () => {
    const { world, token, secret } = waitingWorld({ [annotations.maxUses]: '1' })
    const asks = applicant()
    for (let time = 0; time < 3; time += 1) {
      assert.equal(await ask(world, asks, token), 'PendingApproval')
      await world.advance(10_000)
    }
    assert.deepEqual(writes(world.api.requests), [`patch secrets ${secret.metadata.name}`, 'create clusters east'])
    assert.equal(world.api.all<Secret>(secretKind)[0]?.metadata.annotations?.[annotations.uses], '1')
    assert.equal(await ask(world, applicant({ name: 'west' }), token), 'TokenExhausted')
    assert.deepEqual(world.waiting, ['east'])
  })

  it('takes the name: another that waits for it is told that it is taken', async () => {
    const { world, token } = waitingWorld()
    assert.equal(await ask(world, applicant(), token), 'PendingApproval')
    assert.equal(await ask(world, applicant(), token), 'NameTaken')
  })

  it('binds to a name that was registered ahead, and waits there', async () => {
    const { world, token } = waitingWorld()
    world.api.put<Bootstrap>(bootstrapKind, bootstrap('fleet', { e: entry('east') }))
    world.api.put<Cluster>(clusterKind, cluster('east'))
    const asks = applicant()
    assert.equal(await ask(world, asks, token), 'PendingApproval')
    assert.deepEqual([stored(world)?.spec.approval, stored(world)?.spec.member?.uid], ['manual', asks.uid])
  })

  it('asks nobody where a user has decided ahead', async () => {
    for (const [approved, answer] of [
      [true, 'east'],
      [false, 'Denied'],
    ] as const) {
      const { world, token } = waitingWorld()
      world.api.put<Cluster>(clusterKind, cluster('east', { spec: { approved } }))
      assert.equal(await ask(world, applicant(), token), answer)
      assert.equal(stored(world)?.spec.member === undefined, !approved)
    }
  })

  it('is turned away for now where a hundred wait with its token, and takes no use', async () => {
    const { world, token } = waitingWorld({ [annotations.maxUses]: '500' })
    const wait = (index: number) => {
      const spec = { approval: 'manual', member: member({ uid: `uid-${index}`, tokenId: token.id }) } as const
      world.api.put<Cluster>(clusterKind, cluster(`west-${index}`, { spec }))
    }
    for (let index = 0; index < maxWaiting; index += 1) wait(index)
    await assert.rejects(ask(world, applicant(), token), { name: 'ProtocolError', code: 'Busy' })
    assert.deepEqual(writes(world.api.requests), [])
    decide(world, true, 'west-7')
    assert.equal(await ask(world, applicant(), token), 'PendingApproval')
  })
})

describe('a cluster that waits for approval', () => {
  async function waiting(more: Record<string, string> = {}) {
    const { world, token, secret } = waitingWorld(more)
    const asks = applicant()
    assert.equal(await ask(world, asks, token), 'PendingApproval')
    world.api.requests.length = 0
    await world.advance(10_000)
    return { world, token, secret, asks }
  }

  it('is admitted by the next join after the yes, and recorded and told of then', async () => {
    const { world, token, asks } = await waiting()
    decide(world, true)
    assert.equal(await ask(world, asks, token), 'east')
    assert.deepEqual(writes(world.api.requests), ['create bootstraps east'])
    assert.deepEqual(world.admitted, ['east'])
  })

  it('is refused for good after the no', async () => {
    const { world, token, asks } = await waiting()
    decide(world, false)
    assert.equal(await ask(world, asks, token), 'Denied')
    assert.deepEqual(writes(world.api.requests), [])
  })

  it('is not let in, nor past a no, by another token that asks for no approval', async () => {
    const { world, asks } = await waiting()
    const { token: other } = world.storeToken()
    assert.equal(await ask(world, asks, other), 'PendingApproval')
    decide(world, false)
    await world.advance(10_000)
    assert.equal(await ask(world, asks, other), 'Denied')
  })

  it('is refused where its token is revoked or has expired meanwhile, approved or not', async () => {
    for (const approved of [true, undefined]) {
      const revoked = await waiting()
      if (approved !== undefined) decide(revoked.world, approved)
      revoked.world.api.removeUnseen(secretKind, revoked.secret.metadata.name, namespace)
      assert.equal(await ask(revoked.world, revoked.asks, revoked.token), 'TokenInvalid')
      const expired = await waiting({ [annotations.expiresAt]: at(noon + 5_000) })
      if (approved !== undefined) decide(expired.world, approved)
      assert.equal(await ask(expired.world, expired.asks, expired.token), 'TokenExpired')
    }
  })

  it('is asked for approval once: a member joins again without', async () => {
    const { world, token, asks } = await waiting()
    const found = stored(world)
    assert.ok(found !== undefined)
    const condition = { type: 'Joined', status: 'True', reason: 'Joined', message: '', lastTransitionTime: at(noon) }
    world.api.put<Cluster>(clusterKind, { ...found, status: { conditions: [{ ...condition, status: 'True' }] } })
    assert.equal(await ask(world, asks, token), 'east')
    assert.deepEqual(world.admitted, [], 'it is no new one')
  })

  it('that was admitted before its token asked for approval is not asked for it', async () => {
    const world = joinWorld()
    const asks = applicant()
    assert.equal((await world.join(asks, world.storeToken().token)).kind, 'joined')
    world.api.sync()
    assert.equal(await ask(world, asks, world.storeToken(manual).token), 'east')
  })

  it('is made once, where its first join is cut in two', async () => {
    const { world, token } = waitingWorld({ [annotations.maxUses]: '1' })
    const asks = applicant()
    world.api.before = (request) => {
      if (request.startsWith('create clusters')) throw failure(0, 'ECONNRESET')
    }
    await assert.rejects(world.join(asks, token), { name: 'KubeApiError' })
    world.api.before = () => undefined
    world.api.sync()
    assert.equal(await ask(world, asks, token), 'PendingApproval')
    assert.equal(world.api.all<Secret>(secretKind)[0]?.metadata.annotations?.[annotations.uses], '1')
  })
})
