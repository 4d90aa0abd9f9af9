/** The primary's etcd goes back to an earlier moment: who comes back by himself, who after a word, and who does not. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Cluster } from '../../src/api/cluster.ts'
import type { Secret } from '../../src/kube/objects.ts'
import type { ControlPlane } from '../../tools/controlplane/control-plane.ts'
import type { RunningPrimary } from '../../tools/installation.ts'
import type { RoleProcess } from '../../tools/role-process.ts'
import { copyEtcd } from '../support/etcd-copy.ts'
import { createJoiner, type Given, type Joiner } from '../support/joiner.ts'
import { type Pair, startOwnPair } from '../support/pair.ts'
import type { Scene } from '../support/scene.ts'
import { until } from '../support/until.ts'

const prefix = 'dist.kio.kasten.io'

describe('a primary whose etcd was put back from a backup', () => {
  let pair: Pair<ControlPlane>
  /** Its operator runs through it all, unless its lease runs out meanwhile, and the token of its secondary is in the backup. */
  let steady: Scene
  /** Its operator is started anew, and the token of its secondary was made after the backup. */
  let renewed: Scene
  let operator: RunningPrimary
  let isOver = false
  let revival: Promise<RunningPrimary | undefined> | undefined
  /** The secondary of `renewed`. */
  let forgotten: RoleProcess
  let open: Given
  let once: Given
  const members = { told: createJoiner(), untold: createJoiner(), late: createJoiner(), bounded: createJoiner() }
  /** What the programs on the forgotten cluster live on. */
  let infoBefore: unknown

  before(async () => {
    pair = await startOwnPair()
    ;[steady, renewed] = [await pair.scene('steady'), await pair.scene('renewed')]
    let restarted: RunningPrimary
    ;[operator, restarted] = await Promise.all([steady.startPrimary(), renewed.startPrimary()])
    await Promise.all([steady.bootstrap(), renewed.bootstrap()])
    open = await steady.token('open')
    once = await steady.token('once', { 'max-uses': '1' })
    for (const [name, member] of Object.entries({ told: members.told, untold: members.untold }))
      await enter(name, member)
    await disconnect('told')
    const backup = await copyEtcd(pair.primary)

    await Promise.all([
      joinSince(steady, open),
      renewed.token('since').then(async (token) => joinSince(renewed, token)),
    ])
    infoBefore = await renewed.clusterInfo()
    await enter('late', members.late)
    await members.bounded.join({ ...once, name: 'bounded' })
    await disconnect('untold')
    // As its Deployment does: on a slow machine the lease runs out while the API server is away.
    revival = operator.ended.then(async () => (isOver ? undefined : steady.startPrimary()))
    await renewed.stop(restarted)
    await backup.putInto(pair.primary)
    await renewed.startPrimary()
  })
  after(async () => {
    isOver = true
    await pair.stop()
    await revival
  })

  async function enter(name: string, member: Joiner): Promise<void> {
    assert.equal((await member.join({ ...open, name })).kind, 'joined')
    assert.equal(await member.confirm(), 'ok')
  }

  async function disconnect(name: string): Promise<void> {
    await steady.onPrimary(['delete', 'mcc', name, '--timeout=60s'])
  }

  /** A real secondary joins, and stops: it hears of what happened when it is started again. */
  async function joinSince(scene: Scene, token: Given): Promise<void> {
    const secondary = await scene.startSecondary()
    await scene.mcJoin({ ...token, clusterName: 'east' })
    await scene.untilStatus('Joined')
    await scene.stop(secondary)
  }

  async function standing(scene: Scene, name: string): Promise<Cluster | undefined> {
    return scene.cluster(name)
  }

  it('is served on, by the operator that ran through it or by one that took its place: what is made now is seen', async () => {
    const { token } = await steady.token('made-since')
    assert.match(token, /^mcj1\./)
  })

  it('tells a cluster that was disconnected before the backup, and does not let it back in by its membership', async () => {
    assert.equal(await members.told.confirm(), 'Disconnected')
    const outcome = await members.told.comeBack()
    assert.equal(outcome.kind === 'refused' && outcome.refusal.code, 'Disconnected')
    assert.equal(await standing(steady, 'told'), undefined)
  })

  it('has a cluster again that was disconnected after the backup, for the word is gone with the rest', async () => {
    assert.ok((await standing(steady, 'untold')) !== undefined)
    assert.equal(await members.untold.confirm(), 'ok')
    await disconnect('untold')
    assert.equal(await members.untold.confirm(), 'Disconnected')
  })

  it('says to a member of the time since that it does not know it, and admits it by a token that is good', async () => {
    assert.equal(await members.late.confirm(), 'UnknownCluster')
    await enter('late', members.late)
  })

  it('lets a bounded token admit no more than it says, and the key that had it first if that comes first', async () => {
    assert.equal((await members.bounded.join({ ...once, name: 'bounded' })).kind, 'joined')
    const other = await createJoiner().join({ ...once, name: 'other' })
    assert.equal(other.kind === 'refused' && other.refusal.code, 'TokenExhausted')
    const secret = await steady.readOnPrimary<Secret>('secret', 'once')
    const { uid, key } = members.bounded
    assert.equal(secret?.metadata.annotations?.[`${prefix}/used-by`], `${uid}.${key.thumbprint}`)
  })

  it('gets a secondary back by itself where its token is in the backup', async () => {
    await steady.startSecondary()
    const cluster = await until('its Cluster is back', async () => standing(steady, 'east'))
    await steady.untilReady('east')
    await steady.untilStatus('Joined')
    assert.equal(cluster.spec.approval, undefined)
    assert.equal(cluster.spec.member?.uid, pair.secondary.kubeSystemUid)
  })

  it('asks for one word where the token is not, and takes nothing from the cluster meanwhile', async () => {
    assert.equal(await standing(renewed, 'east'), undefined)
    forgotten = await renewed.startSecondary()
    await renewed.untilStatus(
      'Joining',
      /^PendingApproval: primary-cluster-1 does not know east any more, .*; let it come/,
    )
    assert.deepEqual(await renewed.clusterInfo(), infoBefore)
    const cluster = await standing(renewed, 'east')
    assert.deepEqual([cluster?.spec.approval, cluster?.spec.member?.tokenId], ['manual', ''])
    const told = await until('its Cluster tells of it', async () =>
      (await renewed.eventsOnPrimary()).find(({ reason }) => reason === 'PendingApproval'),
    )
    assert.deepEqual([told.regarding.name, told.type], ['east', 'Warning'])
  })

  it('has it back after that word, the record of its join included', async () => {
    await renewed.onPrimary(['patch', 'mcc', 'east', '--type=merge', '-p', '{"spec":{"approved":true}}'])
    // It asks again within ten seconds; started anew it asks at once.
    await renewed.stop(forgotten)
    await renewed.startSecondary()
    await renewed.untilStatus('Joined')
    await renewed.untilReady('east')
    assert.ok((await renewed.readBootstrap('east')) !== undefined)
    const { clusterName, endpoint } = (await renewed.clusterInfo()) ?? {}
    assert.deepEqual([clusterName, endpoint], ['east', renewed.endpoint])
  })
})
