/** Three replicas of the primary behind one address: what many clusters ask at once, whoever of the three dies meanwhile. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { KubeObject, Secret } from '../../src/kube/objects.ts'
import { recordNames } from '../../src/primary/bootstrap/joined-bootstrap.ts'
import type { ExchangeOutcome } from '../../src/secondary/join/exchange.ts'
import { list } from '../support/api-objects.ts'
import { createFlood } from '../support/flood.ts'
import { createJoiner, type Joiner } from '../support/joiner.ts'
import { type Pair, startPair } from '../support/pair.ts'
import { type ReplicaSet, startReplicaSet } from '../support/replica-set.ts'
import { until } from '../support/until.ts'

describe('three replicas of a primary', { timeout: 180_000 }, () => {
  let pair: Pair
  let replicas: ReplicaSet

  before(async () => {
    pair = await startPair()
    replicas = await startReplicaSet(pair, 'three', { flags: { 'trusted-proxies': '127.0.0.1' } })
  })

  after(async () => {
    await replicas.end()
    await pair.stop()
  })

  /** How many joins each replica has admitted. */
  const shareOf = (name: string) => replicas.lines(name).filter(({ msg }) => msg === 'join admitted').length

  /** Each of them has one Cluster, which its first heartbeat confirms. */
  async function assertMembers(joiners: readonly Joiner[]): Promise<void> {
    const replies = await Promise.all(joiners.map(async (joiner) => joiner.confirm()))
    assert.deepEqual(new Set(replies), new Set(['ok']))
    const uids = (await replicas.scene.clusters()).map(({ spec }) => spec.member?.uid)
    for (const { uid } of joiners)
      assert.equal(uids.filter((other) => other === uid).length, 1, `one Cluster of ${uid}`)
  }

  it('let members beat and other clusters join while one client floods all of them, in the name of a member too', async () => {
    const { scene, url } = replicas
    const { token } = await scene.token('flooded')
    const members = Array.from({ length: 10 }, () => createJoiner())
    await joinAll(members, { endpoint: url, token })
    await assertMembers(members)
    const flood = await createFlood(url, (members[0] ?? assert.fail()).key)
    const first = await flood.pour(60)
    assert.deepEqual(new Set(first.keys()), new Set([200, 400, 401]), 'each kind of request reaches its judge')
    // An address may ask 600 of each replica at once, and 10 more each second.
    await until('the flood has used that up', async () => (await flood.pour(600)).has(429))

    const newcomers = Array.from({ length: 20 }, () => createJoiner())
    const [outcomes, replies, second] = await Promise.all([
      Promise.all(newcomers.map(async (newcomer) => newcomer.ask({ endpoint: url, token }))),
      Promise.all(members.map(async (member) => [await member.beat(), await member.beat()])),
      flood.pour(1_200),
    ])
    assert.deepEqual(new Set(outcomes.map(codeOf)), new Set(['Joined']))
    assert.deepEqual(new Set(replies.flat()), new Set(['ok']))
    assert.ok(second.has(429), 'the flood went on meanwhile')
    await assertMembers(newcomers)
  })

  it('let one of fifty clusters in with a token for one, wherever each of them asks', async () => {
    const { scene, url } = replicas
    const { token } = await scene.token('single', { 'max-uses': '1' })
    const together = barrier(50)
    const joiners = Array.from({ length: 50 }, () => createJoiner({ beforeJoin: together }))
    const outcomes = await joinAll(joiners, { endpoint: url, token })
    const codes = outcomes.map(codeOf).toSorted()
    assert.deepEqual(codes, ['Joined', ...Array.from({ length: 49 }, () => 'TokenExhausted')])
    const winner = joiners.filter((_, index) => outcomes[index]?.kind === 'joined')
    await assertMembers(winner)
    const uids = (await scene.clusters()).map(({ spec }) => spec.member?.uid)
    assert.deepEqual(
      joiners.filter(({ uid }) => uids.includes(uid)),
      winner,
      'nobody else has left a Cluster',
    )
    const secret = await scene.readOnPrimary<Secret>('secret', 'single')
    assert.equal(
      secret?.metadata.annotations?.['dist.kio.kasten.io/used-by'],
      winner.map(({ uid, key }) => `${uid}.${key.thumbprint}`).join(' '),
    )
  })

  it('let all of fifty clusters in, each once, while the leader is killed among them and stays away: another leads', async () => {
    const { scene, url } = replicas
    const { token } = await scene.token('killed', { 'max-uses': '50' })
    const meanwhile = { endpoint: url, token: (await scene.token('meanwhile')).token }
    const leader = await replicas.leader()
    const before = new Map(replicas.names.map((name) => [name, shareOf(name)]))
    const hasServed = (name: string) => shareOf(name) > (before.get(name) ?? 0)
    const joiners = Array.from({ length: 50 }, () => createJoiner())
    let joined = 0
    let killed: Promise<void> | undefined
    const outcomes = await Promise.all(
      joiners.map(async (joiner) => {
        const outcome = await joiner.join({ endpoint: url, token })
        joined += 1
        // They contend for the uses of one token, and a replica may be the last to get any: it is to die with some admitted.
        if (joined >= 20 && joined < 50 && hasServed(leader)) killed ??= replicas.kill(leader)
        return outcome
      }),
    )
    assert.ok(killed !== undefined, 'the leader was killed while others were joining')
    await killed
    assert.deepEqual(new Set(outcomes.map(codeOf)), new Set(['Joined']))
    await assertMembers(joiners)
    const usedBy = (await scene.readOnPrimary<Secret>('secret', 'killed'))?.metadata.annotations?.[
      'dist.kio.kasten.io/used-by'
    ]
    assert.equal(usedBy?.split(' ').length, 50, 'a use for each, and no more')
    assert.deepEqual(replicas.names.filter(hasServed), replicas.names, 'each has admitted some')

    // Until its lease has run out nobody leads, and clusters go on joining.
    const orphans: Joiner[] = []
    const election = { isOver: false }
    const elected = replicas.leader().finally(() => {
      election.isOver = true
    })
    while (!election.isOver) {
      const orphan = createJoiner()
      assert.equal(codeOf(await orphan.join(meanwhile)), 'Joined')
      orphans.push(orphan)
    }
    const successor = await elected
    assert.notEqual(successor, leader)
    assert.ok(orphans.length > 1, 'some have joined without a leader')
    await assertMembers(orphans)
    // Only who leads fills tokens, and lets a Cluster go that is deleted, with its record.
    const { token: filled } = await scene.token('afterwards')
    const late = createJoiner()
    assert.equal(codeOf(await late.join({ endpoint: url, token: filled, name: 'late' })), 'Joined')
    await assertMembers([late])
    const recorded = async () => (await list(pair.primary, scene.place.namespace, 'bootstrap')).map(nameOf)
    const records = await recorded()
    const members = (await scene.clusters()).filter(({ spec }) => spec.member !== undefined).map(nameOf)
    assert.deepEqual(
      members.filter((name) => !records.includes(recordNames(name)[0])),
      [],
      'each join has its record',
    )
    await scene.onPrimary(['delete', 'clusters.dist.kio.kasten.io/late', '--timeout=60s'])
    assert.ok(!(await recorded()).includes('late'))
  })
})

/** Lets everybody pass as soon as so many wait, and whoever comes later at once. */
function barrier(count: number): () => Promise<void> {
  const open = Promise.withResolvers<void>()
  let waiting = 0
  return async () => {
    waiting += 1
    if (waiting === count) open.resolve()
    await open.promise
  }
}

async function joinAll(
  joiners: readonly Joiner[],
  given: { endpoint: string; token: string },
): Promise<readonly ExchangeOutcome[]> {
  return Promise.all(joiners.map(async (joiner) => joiner.join(given)))
}

const nameOf = ({ metadata }: KubeObject) => metadata.name

/** `Joined`, or the code of the primary's signed refusal. */
function codeOf(outcome: ExchangeOutcome): string {
  return outcome.kind === 'joined' ? 'Joined' : outcome.refusal.code
}
