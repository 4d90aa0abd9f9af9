/** A secondary in the situations of a long life: in any order, after restarts, with another name or another primary. */
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { generateSigningKey } from '../../src/protocol/keys.ts'
import { issueToken } from '../../src/protocol/token.ts'
import { joinPath } from '../../src/protocol/wire.ts'
import { startControlPlane } from '../../tools/controlplane/control-plane.ts'
import { installDefinitions } from '../../tools/installation.ts'
import type { RoleProcess } from '../../tools/role-process.ts'
import { type Front, startFront } from '../support/front.ts'
import type { Plain } from '../support/kubectl.ts'
import { type Pair, startPair } from '../support/pair.ts'
import { handled } from '../support/role-reports.ts'
import { Scene } from '../support/scene.ts'
import { until } from '../support/until.ts'

describe('a secondary', () => {
  let pair: Pair
  let scene: Scene
  let front: Front
  let secondary: RoleProcess
  let given: Plain
  let scenes = 0

  before(async () => {
    pair = await startPair()
  })

  after(async () => pair.stop())

  beforeEach(async () => {
    scenes += 1
    scene = await pair.scene(`situation-${scenes}`, {
      scheme: 'http',
      secondaryFlags: { 'allow-insecure-primary-ingress': 'true' },
    })
    // Whatever is asked of the primary passes here.
    front = await startFront(() => scene.endpoint)
    await scene.startPrimary()
    await scene.bootstrap({ url: front.url })
    given = await scene.token()
    secondary = await scene.startSecondary()
  })

  afterEach(async () => {
    await scene.end()
    await front.down()
  })

  /** Resolves when the secondary has looked at mc-join as it is now. */
  async function untilHandled(): Promise<void> {
    await handled(secondary, 'join', await scene.readOnSecondary('secret', 'mc-join'))
  }

  const joins = () => front.paths.filter((path) => path === joinPath).length

  it('joins where the ConfigMap was there before mc-join, and whatever the type of the Secret is', async () => {
    await scene.mcJoinConfig({ 'cluster-name': 'east' })
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'mc-join' },
      type: 'example.com/anything',
      stringData: { token: given['token'] },
    }
    await scene.onSecondary(['create', '-f', '-'], JSON.stringify(secret))
    await scene.untilStatus('joined')
    assert.equal((await scene.clusterInfo())?.['clusterName'], 'east')
  })

  it('leaves a refusal when the ConfigMap alone changes', async () => {
    await scene.mcJoin({ ...given, clusterName: 'primary-cluster-1' })
    const { msg } = await scene.untilStatus('Rejected', /^NameTaken: /)
    assert.match(
      msg ?? '',
      /; set another cluster-name in the ConfigMap mc-join-config, for example primary-cluster-1-[0-9a-f]{4}$/,
    )
    await scene.mcJoinConfig({ 'cluster-name': 'east' })
    await scene.untilStatus('Joined')
    assert.equal((await scene.clusterInfo())?.['clusterName'], 'east')
  })

  it('does not ask again for what was refused, after a restart either', async () => {
    await scene.mcJoin({ ...given, clusterName: 'primary-cluster-1' })
    const before = await scene.untilStatus('Rejected', /^NameTaken: /)
    const asked = front.paths.length
    await scene.stop(secondary)
    secondary = await scene.startSecondary()
    await untilHandled()
    assert.equal(front.paths.length, asked)
    assert.deepEqual(await scene.status(), before)
  })

  it('restores mc-cluster-info that was deleted while it did not run, without another join', async () => {
    await scene.mcJoin({ ...given, clusterName: 'east' })
    await scene.untilStatus('Joined')
    const before = await scene.clusterInfo()
    const asked = joins()
    await scene.stop(secondary)
    await scene.onSecondary(['delete', 'secret', 'mc-cluster-info'])
    secondary = await scene.startSecondary()
    assert.deepEqual(await until('it is restored', async () => scene.clusterInfo()), before)
    await untilHandled()
    assert.equal(joins(), asked)
  })

  it('keeps its name when it asks for another one, and says so', async () => {
    await scene.mcJoin({ ...given, clusterName: 'east' })
    await scene.untilStatus('Joined')
    await scene.untilReady('east')
    await scene.mcJoin({ ...given, clusterName: 'west' })
    await scene.untilStatus('Joined', /^Joined as east; the asked name west was not taken over$/)
    const members = (await scene.clusters()).filter(({ spec }) => !spec.primary).map(({ metadata }) => metadata.name)
    assert.deepEqual(members, ['east'])
  })

  it('stays a member while another primary cannot show that it is the one in the token', async () => {
    await scene.mcJoin({ ...given, clusterName: 'east' })
    await scene.untilStatus('Joined')
    const before = await scene.clusterInfo()
    const other = issueToken({ uid: 'another-primary', key: generateSigningKey(), endpoints: [front.url] })
    await scene.mcJoin({ endpoint: front.url, token: other.text.reveal(), clusterName: 'east' })
    await scene.untilStatus('Joining', /^PrimaryKeyMismatch: /)
    assert.deepEqual(await scene.clusterInfo(), before)
    // Only a member hears of it.
    await scene.onPrimary(['delete', 'clusters.dist.kio.kasten.io/east', '--timeout=30s'])
    await until('it has cleaned up', async () => (await scene.clusterInfo()) === undefined)
  })

  it('moves to another primary once that one has admitted it, and tells the one it has left, also after a crash', async () => {
    await scene.mcJoin({ ...given, clusterName: 'east' })
    await scene.untilStatus('Joined')
    const before = await scene.clusterInfo()
    const third = await startControlPlane({ name: 'third' })
    try {
      await installDefinitions(third)
      const another = await Scene.set(third, pair.secondary, `other-${scenes}`, { scheme: 'http' })
      await another.startPrimary()
      await another.bootstrap({ name: 'another-primary' })
      await front.down()
      await scene.mcJoin({ ...(await another.token()), clusterName: 'east' })
      await until(
        'it belongs to the other one',
        async () => (await scene.clusterInfo())?.['primaryName'] === 'another-primary',
      )
      await scene.untilStatus('Joined')
      await secondary.kill()
      await front.up()
      secondary = await scene.startSecondary()
      await another.untilReady('east')
      assert.notEqual((await scene.clusterInfo())?.['primaryPublicKey'], before?.['primaryPublicKey'])
      await until('the former primary has let it go', async () => (await scene.cluster('east')) === undefined)
      await another.end()
    } finally {
      await third.stop()
    }
  })
})
