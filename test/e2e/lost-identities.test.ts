/** A key that is lost on either side, and a membership that rests while multi-cluster is disabled. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Secret } from '../../src/kube/objects.ts'
import type { RunningPrimary } from '../../tools/installation.ts'
import type { RoleProcess } from '../../tools/role-process.ts'
import { read } from '../support/api-objects.ts'
import { secretOf } from '../support/key-change.ts'
import { type Pair, startPair } from '../support/pair.ts'
import { heartbeatAnswered } from '../support/role-reports.ts'
import type { Scene } from '../support/scene.ts'
import { until } from '../support/until.ts'

describe('a membership', () => {
  let pair: Pair
  let scene: Scene
  let primary: RunningPrimary
  let secondary: RoleProcess

  before(async () => {
    pair = await startPair()
    scene = await pair.scene('lost')
    ;({ primary, secondary } = await scene.join('east'))
  })
  after(async () => pair.stop())

  const primaryIdentity = async () => read<Secret>(pair.primary, scene.place.home, 'secret', 'mc-primary-identity')
  const ownIdentity = async () => secretOf(scene, 'mc-identity')
  /** Of all that a secondary writes. */
  const versions = async () =>
    Promise.all(
      ['mc-join-status', 'mc-cluster-info', 'mc-identity'].map(
        async (name) => (await scene.readOnSecondary('secret', name))?.metadata.resourceVersion,
      ),
    )

  it("outlives the deletion of the primary's key: who holds it writes it back", async () => {
    const before = await primaryIdentity()
    await scene.atHome(['delete', 'secret', 'mc-primary-identity'])
    const back = await until('it is written back', primaryIdentity)
    assert.deepEqual(back.data, before?.data)
    assert.notEqual(back.metadata.uid, before?.metadata.uid)
  })

  it('waits while the key is gone with whoever held it, and goes on as soon as it is restored', async () => {
    const kept = await primaryIdentity()
    await scene.stop(primary)
    await scene.atHome(['delete', 'secret', 'mc-primary-identity'])
    primary = await scene.startPrimary()
    const ready = await until('the Bootstrap says what is lost', async () => {
      const conditions = (await scene.readBootstrap('bootstrap-primary'))?.status?.conditions
      return conditions?.find(({ type, reason }) => type === 'Ready' && reason === 'IdentityLost')
    })
    assert.equal(ready.status, 'False')
    assert.match(ready.message, /mc-primary-identity/)
    assert.equal(await primaryIdentity(), undefined, 'no other key is made while somebody relies on the lost one')
    assert.equal((await scene.status())?.['status'], 'Joined', 'nobody was told anything that ends a membership')

    const { data, type, metadata } = kept ?? {}
    const { name, annotations, labels } = metadata ?? {}
    const restored = { apiVersion: 'v1', kind: 'Secret', metadata: { name, annotations, labels }, type, data }
    await pair.primary.kubectl(['create', '-n', scene.place.home, '-f', '-'], { input: JSON.stringify(restored) })
    await until('the Bootstrap is ready', async () =>
      (await scene.readBootstrap('bootstrap-primary'))?.status?.conditions?.some(
        ({ type: condition, status }) => condition === 'Ready' && status === 'True',
      ),
    )
    await scene.stop(secondary)
    secondary = await scene.startSecondary()
    await heartbeatAnswered(secondary)
    assert.equal((await scene.status())?.['status'], 'Joined')
  })

  it('gets both of its Secrets back, with the key, when they are deleted beside a process that knows it', async () => {
    const before = await ownIdentity()
    const info = await scene.clusterInfo()
    await scene.onSecondary(['delete', 'secret', 'mc-identity', 'mc-cluster-info'])
    const back = await until('mc-identity is back', ownIdentity)
    assert.equal(back.data?.['key'], before?.data?.['key'])
    assert.deepEqual(await until('mc-cluster-info is back', async () => scene.clusterInfo()), info)
  })

  it('rests while multi-cluster is disabled: nothing is written, and it goes on when that is over', async () => {
    await scene.stop(secondary)
    const before = await versions()
    const disabled = await scene.startSecondary({ multicluster: 'false' })
    await disabled.logged('it says that it does nothing', ({ msg }) => /disabled/.test(msg))
    await scene.stop(disabled)
    assert.deepEqual(await versions(), before)

    secondary = await scene.startSecondary()
    await heartbeatAnswered(secondary)
    assert.equal((await scene.status())?.['status'], 'Joined')
    const clusters = (await scene.clusters()).filter(({ spec }) => !spec.primary)
    assert.deepEqual(
      clusters.map(({ metadata }) => metadata.name),
      ['east'],
    )
  })
})
