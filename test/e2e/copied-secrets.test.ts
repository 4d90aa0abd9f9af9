/** The Secrets of a member on a cluster with another uid: its key is not used there, and the member hears nothing of it. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { RoleProcess } from '../../tools/role-process.ts'
import { type Capture, startCapture } from '../support/capture.ts'
import { copySecrets } from '../support/copy-secrets.ts'
import { identityOf, memberOf, suspicionOf } from '../support/key-change.ts'
import { type Pair, startPair } from '../support/pair.ts'
import { Scene } from '../support/scene.ts'
import { until } from '../support/until.ts'

describe('a member whose Secrets were copied to another cluster', () => {
  const insecure = { 'allow-insecure-primary-ingress': 'true' }
  let pair: Pair
  let scene: Scene
  /** Its secondary is on the cluster of the primaries, which has another uid. */
  let elsewhere: Scene
  /** Everything that reaches the primary, whoever sends it. */
  let capture: Capture
  let original: RoleProcess
  /** The key, by its thumbprint. */
  let key: string | undefined

  before(async () => {
    pair = await startPair()
    scene = await pair.scene('copied', { scheme: 'http', secondaryFlags: insecure })
    capture = await startCapture(() => scene.endpoint)
    await scene.startPrimary({ endpoint: capture.url })
    original = await scene.startSecondary()
    await scene.bootstrap()
    await scene.mcJoin({ ...(await scene.token()), clusterName: 'east' })
    await scene.untilStatus('Joined')
    await scene.untilReady('east')
    ;({ key } = await identityOf(scene))
    elsewhere = await Scene.set(pair.primary, pair.primary, 'elsewhere', { secondaryFlags: insecure })
    await copySecrets(scene, elsewhere, ['mc-identity', 'mc-cluster-info', 'mc-join-status'])
  })
  after(async () => {
    try {
      await elsewhere.end()
      await pair.stop()
    } finally {
      await capture.close()
    }
  })

  it('is given up there before anything was sent, and another key takes the place of the copied one', async () => {
    await scene.stop(original)
    const sent = capture.traffic().length
    await elsewhere.startSecondary()
    const { msg } = await elsewhere.untilStatus('Rejected')
    assert.equal(msg, 'CloneSuspected: this identity belongs to another cluster; create a new mc-join')
    await until('there is a new key', async () => (await identityOf(elsewhere)).key !== key)
    await until('mc-cluster-info is gone', async () => (await elsewhere.clusterInfo()) === undefined)
    assert.equal(capture.traffic().slice(sent), '')
  })

  it('goes on where it is at home, and is suspected of nothing', async () => {
    const sent = capture.traffic().length
    original = await scene.startSecondary()
    await original.logged('its first heartbeat is answered', ({ msg, word }) => msg === 'heartbeat' && word === 'ok')
    assert.match(capture.traffic().slice(sent), /POST \/mc\/v1\/clusters\/east\/heartbeat/)
    await scene.untilStatus('Joined')
    assert.equal((await memberOf(scene))?.keyId, key)
    assert.equal(await suspicionOf(scene), undefined)
  })
})
