/** A deleted Cluster stays deleted, and its secondary hears of it. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ConfigMap } from '../../src/kube/objects.ts'
import type { RoleProcess } from '../../tools/role-process.ts'
import { type Pair, startPair } from '../support/pair.ts'
import type { Scene } from '../support/scene.ts'
import { until } from '../support/until.ts'

describe('deleting Clusters', () => {
  let pair: Pair
  let scene: Scene
  let primary: RoleProcess

  before(async () => {
    pair = await startPair()
    scene = await pair.scene('disconnect')
    primary = await scene.startPrimary()
    await scene.startSecondary()
    await scene.bootstrap({ ahead: ['registered-ahead'] })
    const { endpoint, token } = await scene.token()
    await scene.mcJoin({ endpoint, token, clusterName: 'east' })
    await scene.untilStatus('Joined')
    await scene.untilReady('east')
  })

  after(async () => pair.stop())

  it('lets a secondary that was registered ahead await its join', async () => {
    const cluster = await until('its status is written', async () => {
      const read = await scene.cluster('registered-ahead')
      return read?.status?.conditions === undefined ? undefined : read
    })
    const joined = cluster.status?.conditions?.find(({ type }) => type === 'Joined')
    assert.deepEqual([joined?.status, joined?.reason], ['False', 'AwaitingJoin'])
    assert.deepEqual(cluster.metadata.finalizers, ['dist.kio.kasten.io/cluster-info'])
  })

  it("holds the primary's own Cluster until the secondaries are gone, and says so", async () => {
    await scene.onPrimary(['delete', 'clusters.dist.kio.kasten.io/primary-cluster-1', '--wait=false'])
    const cluster = await until('the condition says what it waits for', async () => {
      const read = await scene.cluster('primary-cluster-1')
      return read?.status?.conditions?.find(({ reason }) => reason === 'Disconnecting')
    })
    assert.equal(cluster.message, 'waits until the secondaries are deleted: east, registered-ahead')
  })

  it('disconnects the joined one at once, and its secondary cleans up and says when', async () => {
    // Returns when the object is gone: nobody edits finalizers by hand.
    await scene.onPrimary(['delete', 'clusters.dist.kio.kasten.io/east', '--timeout=30s'])
    const status = await scene.untilStatus('Rejected')
    assert.match(status['msg'] ?? '', /^Disconnected: .* by the primary at \d{4}-\d\d-\d\dT[\d:.]+Z; /)
    await until('mc-cluster-info is gone', async () => (await scene.clusterInfo()) === undefined)
    assert.equal(await scene.readBootstrap('east'), undefined, 'the record of the join goes with its Cluster')
    const tombstones = await scene.readOnPrimary<ConfigMap>('configmap', 'mc-tombstones')
    const uids = Object.keys(tombstones?.data ?? {}).map((entry) => entry.split('.')[0])
    assert.deepEqual(uids, [scene.secondaryCluster.kubeSystemUid])
  })

  it('deletes the one that was registered ahead, and then its own', async () => {
    await scene.onPrimary(['delete', 'clusters.dist.kio.kasten.io/registered-ahead', '--timeout=30s'])
    await until('the primary is let go', async () => (await scene.clusters()).length === 0)
  })

  it('makes none of them again, also after two restarts of the operator', async () => {
    for (const _restart of [1, 2]) {
      await scene.stop(primary)
      primary = await scene.startPrimary()
      const bootstrap = await scene.readBootstrap('bootstrap-primary')
      const version = bootstrap?.metadata['resourceVersion']
      await primary.logged(
        'the Bootstrap has been looked at',
        (line) =>
          line.msg === 'reconciled' && line['controller'] === 'bootstrap' && line['resourceVersion'] === version,
      )
      assert.deepEqual(await scene.clusters(), [])
    }
    const entries = (await scene.readBootstrap('bootstrap-primary'))?.status?.clusters ?? []
    assert.deepEqual(entries.map(({ name, ready }) => `${name} ${ready}`).toSorted(), [
      'primary-cluster-1 false',
      'registered-ahead false',
    ])
    for (const { message } of entries) assert.match(message, /^Disconnected: /)
  })

  it('registers them anew when the user says so', async () => {
    await scene.onPrimary([
      'annotate',
      'bootstraps.dist.kio.kasten.io/bootstrap-primary',
      'dist.kio.kasten.io/register=again',
    ])
    await scene.untilReady('primary-cluster-1')
    assert.deepEqual((await scene.clusters()).map(({ metadata }) => metadata.name).toSorted(), [
      'primary-cluster-1',
      'registered-ahead',
    ])
  })

  it('lets a disconnected cluster join again with a token that is still valid', async () => {
    const { endpoint, token } = await scene.token('again')
    await scene.mcJoin({ endpoint, token, clusterName: 'east' })
    await scene.untilStatus('Joined')
    await scene.untilReady('east')
    assert.equal((await scene.cluster('east'))?.status?.id, scene.secondaryCluster.kubeSystemUid)
  })

  it('binds a secondary that joins under a name registered ahead', async () => {
    await scene.onPrimary(['delete', 'clusters.dist.kio.kasten.io/east', '--timeout=30s'])
    await scene.untilStatus('Rejected', /^Disconnected/)
    const { endpoint, token } = await scene.token('bind')
    const ahead = await scene.cluster('registered-ahead')
    await scene.mcJoin({ endpoint, token, clusterName: 'registered-ahead' })
    await scene.untilStatus('Joined')
    const bound = await scene.cluster('registered-ahead')
    assert.equal(bound?.metadata.uid, ahead?.metadata.uid)
    assert.equal(bound?.spec.member?.uid, scene.secondaryCluster.kubeSystemUid)
    assert.equal(await scene.readBootstrap('registered-ahead'), undefined, 'its record is the Bootstrap that named it')
  })

  it('disconnects also where somebody has spoiled, or deleted, the record of disconnected clusters', async () => {
    const spoiled = JSON.stringify({ data: { 'not-ours': '{', 'neither.this': '{"name":1}' } })
    await scene.onPrimary(['patch', 'configmap', 'mc-tombstones', '--type=merge', '-p', spoiled])
    await scene.onPrimary(['delete', 'clusters.dist.kio.kasten.io/registered-ahead', '--timeout=30s'])
    await scene.untilStatus('Rejected', /^Disconnected/)

    const { endpoint, token } = await scene.token('spoiled')
    await scene.mcJoin({ endpoint, token, clusterName: 'east' })
    await scene.untilStatus('Joined')
    await scene.onPrimary(['delete', 'configmap', 'mc-tombstones'])
    await scene.onPrimary(['delete', 'clusters.dist.kio.kasten.io/east', '--timeout=30s'])
    await scene.untilStatus('Rejected', /^Disconnected/)
  })
})
