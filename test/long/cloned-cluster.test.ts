/**
 * A secondary cluster that somebody has copied whole, by the folder of its etcd, and runs beside the original: one uid and
 * one key on two control planes. Both sides hear of it, nobody is locked out, and another key shuts one of them out.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Secret } from '../../src/kube/objects.ts'
import { type ControlPlane, startControlPlane } from '../../tools/controlplane/control-plane.ts'
import { startSecondary } from '../../tools/installation.ts'
import type { RoleProcess } from '../../tools/role-process.ts'
import { read } from '../support/api-objects.ts'
import { copyEtcd } from '../support/etcd-copy.ts'
import { assertShutOut, rotate, suspicionOf, untilRotated } from '../support/key-change.ts'
import { plain } from '../support/kubectl.ts'
import { type Pair, startOwnPair } from '../support/pair.ts'
import type { Scene } from '../support/scene.ts'
import { until } from '../support/until.ts'

describe('a member whose whole cluster was copied', () => {
  let pair: Pair<ControlPlane>
  let scene: Scene
  let twin: ControlPlane
  let copy: RoleProcess

  before(async () => {
    pair = await startOwnPair()
    twin = await startControlPlane({ name: 'twin' })
    scene = await pair.scene('original')
    const { secondary } = await scene.join('east')
    await scene.stop(secondary)
    const backup = await copyEtcd(pair.secondary)
    await backup.putInto(twin)
    await scene.startSecondary()
    const kubeconfig = await twin.serviceAccountKubeconfig(scene.namespace, 'conjoin-secondary')
    copy = await startSecondary(kubeconfig, { namespace: scene.namespace, flags: { 'log-level': 'debug' } })
  })
  after(async () => {
    await copy.stop()
    await pair.stop()
    await twin.stop()
  })

  const statusOfCopy = async () => {
    const secret = await read<Secret>(twin, scene.namespace, 'secret', 'mc-join-status')
    return secret === undefined ? undefined : plain(secret)
  }

  it('is one cluster to Kubernetes: the same uid, and the same identity', async () => {
    const systems = await Promise.all(
      [pair.secondary, twin].map(async (each) => each.get('/api/v1/namespaces/kube-system')),
    )
    const uids = systems.map((system) => (JSON.parse(system ?? '') as Secret).metadata.uid)
    assert.deepEqual(uids, [scene.secondaryCluster.kubeSystemUid, scene.secondaryCluster.kubeSystemUid])
    const identities = await Promise.all(
      [pair.secondary, twin].map(async (each) => read<Secret>(each, scene.namespace, 'secret', 'mc-identity')),
    )
    assert.deepEqual(identities[0]?.data, identities[1]?.data)
  })

  it('is suspected when both beat in turn, and neither is locked out', async () => {
    assert.equal(await until('it is suspected', async () => suspicionOf(scene)), 'BootIdsAlternate')
    for (const status of [await scene.status(), await statusOfCopy()]) assert.equal(status?.['status'], 'Joined')
    const answered = copy.lines().filter(({ msg, word }) => msg === 'heartbeat' && word === 'ok')
    assert.ok(answered.length > 0, 'the copy is answered like the original')
  })

  it('shuts the copy out by another key, and stays a member itself', async () => {
    await rotate(scene, 'now')
    await untilRotated(scene, 'now')
    const { msg } = await until('the copy is turned away', async () => {
      const status = await statusOfCopy()
      return status?.['status'] === 'Rejected' ? status : undefined
    })
    await assertShutOut(scene, msg)
  })
})
