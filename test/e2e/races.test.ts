/** Many clusters that join at once, through two replicas of the primary of which one may lag behind. */
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import type { Secret } from '../../src/kube/objects.ts'
import type { ExchangeOutcome } from '../../src/secondary/join/exchange.ts'
import { createJoiner, type Joiner } from '../support/joiner.ts'
import { type Pair, startPair } from '../support/pair.ts'
import { admissions, type Replicas, startReplicas } from '../support/replicas.ts'
import type { Scene } from '../support/scene.ts'
import { until } from '../support/until.ts'

describe('joins through two replicas', () => {
  let pair: Pair
  let replicas: Replicas
  let scene: Scene

  before(async () => {
    pair = await startPair()
    replicas = await startReplicas(pair, 'races')
    scene = replicas.scene
  })

  after(async () => {
    await replicas.end()
    await pair.stop()
  })

  afterEach(() => {
    replicas.watches.open()
    replicas.secretReads.open()
  })

  /** Waits until the follower has seen a Secret of this moment, and all that was written before it. */
  async function untilFollowerKnows(token: string): Promise<void> {
    const probe = createJoiner()
    await until('the follower admits with it', async () => {
      const outcome = await probe.ask({ endpoint: replicas.follower.endpoint, token })
      return outcome.kind === 'joined'
    })
  }

  it('admits fifty clusters that ask at once, each replica its share, each cluster once', async () => {
    const { token } = await scene.token('fifty')
    const before = [replicas.leader, replicas.follower].map(admissions)
    const joiners = many(50)
    const outcomes = await joinAll(joiners, { endpoint: replicas.ingress.url, token })
    assert.deepEqual(new Set(outcomes.map(codeOf)), new Set(['Joined']))
    const shares = [replicas.leader, replicas.follower].map(
      (replica, index) => admissions(replica) - (before[index] ?? 0),
    )
    for (const share of shares) assert.ok(share >= 15, `each replica admits at least fifteen: ${shares.join(' and ')}`)
    await assertMembers(scene, joiners)
  })

  it('lets one of twenty use a token that has one use, and tells the others in a signed answer', async () => {
    const { token } = await scene.token('single', { 'max-uses': '1' })
    const joiners = many(20)
    const outcomes = await joinAll(joiners, { endpoint: replicas.ingress.url, token })
    const codes = outcomes.map(codeOf).toSorted()
    assert.deepEqual(codes, ['Joined', ...Array.from({ length: 19 }, () => 'TokenExhausted')])
    const winner = joiners[outcomes.findIndex(({ kind }) => kind === 'joined')]
    const secret = await scene.readOnPrimary<Secret>('secret', 'single')
    assert.equal(
      secret?.metadata.annotations?.['dist.kio.kasten.io/used-by'],
      `${winner?.uid}.${winner?.key.thumbprint}`,
    )
    const members = (await scene.clusters()).map(({ spec }) => spec.member?.uid)
    const left = joiners.filter(({ uid }) => members.includes(uid))
    assert.deepEqual(left, [winner], 'nobody else has left a Cluster')
  })

  it('does not give away a use that was taken between the look at the token and the count', async () => {
    const { token } = await scene.token('contested', { 'max-uses': '1' })
    const [first, second] = [createJoiner(), createJoiner()]
    replicas.secretReads.hold()
    const late = second.ask({ endpoint: replicas.follower.endpoint, token })
    await until('the follower has looked', async () => replicas.secretReads.waiting() > 0)
    assert.equal(codeOf(await first.ask({ endpoint: replicas.leader.endpoint, token })), 'Joined')
    replicas.secretReads.open()
    assert.equal(codeOf(await late), 'TokenExhausted')
  })

  it('gives a name to one of ten that ask for it at once', async () => {
    const { token } = await scene.token('one-name')
    const joiners = many(10)
    const outcomes = await joinAll(joiners, { endpoint: replicas.ingress.url, token, name: 'wanted' })
    assert.deepEqual(outcomes.map(codeOf).toSorted(), ['Joined', ...Array.from({ length: 9 }, () => 'NameTaken')])
    const winner = joiners[outcomes.findIndex(({ kind }) => kind === 'joined')]
    assert.equal((await scene.cluster('wanted'))?.spec.member?.uid, winner?.uid)
  })

  it('refuses a name that a lagging replica believes to be free', async () => {
    const { token } = await scene.token('lag-name')
    await untilFollowerKnows(token)
    replicas.watches.hold()
    const [first, second] = [createJoiner(), createJoiner()]
    const elder = await first.ask({ endpoint: replicas.leader.endpoint, token, name: 'lagged' })
    const younger = await second.ask({ endpoint: replicas.follower.endpoint, token, name: 'lagged' })
    assert.deepEqual([codeOf(elder), codeOf(younger)], ['Joined', 'NameTaken'])
  })

  it('leaves one member where one cluster is admitted under two names, and its next join learns which', async () => {
    const { token } = await scene.token('two-names')
    await untilFollowerKnows(token)
    replicas.watches.hold()
    const cluster = createJoiner()
    assert.equal(codeOf(await cluster.ask({ endpoint: replicas.leader.endpoint, token, name: 'a-name' })), 'Joined')
    assert.equal(await cluster.beat(), 'ok')
    // The follower has not heard of it, and admits the same cluster once more.
    assert.equal(codeOf(await cluster.ask({ endpoint: replicas.follower.endpoint, token, name: 'b-name' })), 'Joined')
    await until('the younger one is collected', async () => (await scene.cluster('b-name')) === undefined)
    replicas.watches.open()
    assert.equal(await cluster.confirm(), 'UnknownCluster')
    const again = await cluster.ask({ endpoint: replicas.follower.endpoint, token, name: 'b-name' })
    assert.equal(again.kind === 'joined' && again.membership.clusterName, 'a-name')
    assert.equal(await cluster.beat(), 'ok')
    await assertMembers(scene, [cluster])
  })

  it('admits at a lagging replica with a token that was made this moment, and confirms there', async () => {
    replicas.watches.hold()
    const { token } = await scene.token('fresh', { 'max-uses': '1' })
    const cluster = createJoiner()
    assert.equal(codeOf(await cluster.ask({ endpoint: replicas.follower.endpoint, token })), 'Joined')
    assert.equal(await cluster.beat(), 'ok')
    await assertMembers(scene, [cluster])
  })

  it('refuses at a lagging replica with a token that was revoked this moment', async () => {
    const { token } = await scene.token('revoked')
    await untilFollowerKnows(token)
    replicas.watches.hold()
    await scene.onPrimary(['delete', 'secret', 'revoked'])
    const cluster = createJoiner()
    const outcome = await cluster.ask({ endpoint: replicas.follower.endpoint, token })
    assert.equal(codeOf(outcome), 'TokenInvalid')
    assert.ok((await scene.clusters()).every(({ spec }) => spec.member?.uid !== cluster.uid))
  })

  it('refuses nobody when the follower is killed in the middle of fifty joins', async () => {
    const { token } = await scene.token('killed')
    const joiners = many(50)
    let joined = 0
    const outcomes = await Promise.all(
      joiners.map(async (joiner) => {
        const outcome = await joiner.join({ endpoint: replicas.ingress.url, token })
        joined += 1
        if (joined === 25) await replicas.follower.kill()
        return outcome
      }),
    )
    assert.deepEqual(new Set(outcomes.map(codeOf)), new Set(['Joined']))
    await assertMembers(scene, joiners)
  })
})

function many(count: number): readonly Joiner[] {
  return Array.from({ length: count }, () => createJoiner())
}

async function joinAll(
  joiners: readonly Joiner[],
  given: { endpoint: string; token: string; name?: string },
): Promise<readonly ExchangeOutcome[]> {
  return Promise.all(joiners.map(async (joiner) => joiner.join(given)))
}

/** `Joined`, or the code of the primary's signed refusal. */
function codeOf(outcome: ExchangeOutcome): string {
  return outcome.kind === 'joined' ? 'Joined' : outcome.refusal.code
}

/** Each has one Cluster, which its first heartbeat confirms and which has its id. */
async function assertMembers(scene: Scene, joiners: readonly Joiner[]): Promise<void> {
  const replies = await Promise.all(joiners.map(async (joiner) => joiner.confirm()))
  assert.deepEqual(new Set(replies), new Set(['ok']))
  const ids = (await scene.clusters()).map(({ status }) => status?.id)
  for (const { uid } of joiners) assert.equal(ids.filter((id) => id === uid).length, 1, `one Cluster has the id ${uid}`)
}
