/** A primary that is taken back to a time before a member has changed its key, by a copy of all its data. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ControlPlane } from '../../tools/controlplane/control-plane.ts'
import { copyEtcd } from '../support/etcd-copy.ts'
import { identityOf, rotate, untilRotated } from '../support/key-change.ts'
import { type Pair, startOwnPair } from '../support/pair.ts'
import { until } from '../support/until.ts'

describe('a member whose primary is taken back to a time before the change', () => {
  let pair: Pair<ControlPlane>
  before(async () => {
    pair = await startOwnPair()
  })
  after(async () => pair.stop())

  it('goes on with the key that the primary knows', async () => {
    const scene = await pair.scene('restored')
    let { primary } = await scene.join('east')
    const first = (await identityOf(scene)).key
    await scene.stop(primary)
    const backup = await copyEtcd(pair.primary)
    primary = await scene.startPrimary()
    await rotate(scene, 'one')
    const second = await untilRotated(scene, 'one')
    await scene.stop(primary)
    await backup.putInto(pair.primary)
    await scene.startPrimary()
    await until('the old key is in use again', async () => {
      const { key, previous } = await identityOf(scene)
      return key === first && previous === second
    })
    assert.equal((await scene.status())?.['status'], 'Joined')
    await scene.untilReady('east')
  })
})
