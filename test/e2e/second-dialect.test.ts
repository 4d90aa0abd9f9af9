/** The later releases' way: plain HTTP behind an ingress with a path, a token alone in mc-join, and mc-join-config. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Secret } from '../../src/kube/objects.ts'
import { type Pair, startPair } from '../support/pair.ts'
import type { Scene } from '../support/scene.ts'
import { until } from '../support/until.ts'

describe('the second dialect, over plain HTTP with the ingress path /k10/', () => {
  let pair: Pair
  let scene: Scene
  const clusterIngress = 'https://east.example.com/k10'

  before(async () => {
    pair = await startPair()
    scene = await pair.scene('dialect', { scheme: 'http', path: '/k10/' })
    await scene.startPrimary()
    await scene.startSecondary()
    await scene.bootstrap()
  })

  after(async () => pair.stop())

  it('waits for mc-join-config and says so', async () => {
    const { token } = await scene.token('first')
    await scene.mcJoin({ token })
    const status = await scene.untilStatus('joining', /mc-join-config/)
    assert.match(status['msg'] ?? '', /ConfigMap mc-join-config/)
    assert.equal(await scene.clusterInfo(), undefined)
  })

  it('is not joined over http:// before the user allows it', async () => {
    await scene.mcJoinConfig({ 'cluster-name': 'east', 'cluster-ingress': clusterIngress })
    await scene.untilStatus('joining', /^InsecureEndpoint: .*allow-insecure-primary-ingress/)
    assert.deepEqual((await scene.clusters()).length, 1)
  })

  it('joins when the ConfigMap allows it, with a status of exactly "joined"', async () => {
    await scene.mcJoinConfig({
      'cluster-name': 'east',
      'cluster-ingress': clusterIngress,
      'primary-ingress': scene.endpoint,
      'allow-insecure-primary-ingress': 'true',
    })
    const status = await scene.untilStatus('joined')
    assert.equal(status['msg'], '')
    const info = await scene.clusterInfo()
    assert.equal(info?.['primaryIngress'], scene.endpoint)
    assert.equal(info?.['clusterName'], 'east')
  })

  it('tells the primary its own ingress', async () => {
    await scene.untilReady('east')
    assert.equal((await scene.cluster('east'))?.spec.k10.ingress?.url, clusterIngress)
    assert.equal((await scene.readBootstrap('east'))?.spec.clusters['cluster']?.k10.ingress?.url, clusterIngress)
  })

  it('shows on the token how often it was used, and when', async () => {
    const since = (await scene.cluster('east'))?.spec.member?.since
    const shown = await until('the use is counted', async () => {
      const stored = (await scene.readOnPrimary<Secret>('secret', 'first'))?.metadata.annotations
      return stored?.['dist.kio.kasten.io/uses'] === undefined ? undefined : stored
    })
    assert.deepEqual([shown['dist.kio.kasten.io/uses'], shown['dist.kio.kasten.io/last-used']], ['1', since])
  })

  it('joins again with a new token under the same id, as the same and only secondary', async () => {
    const before = await scene.cluster('east')
    const { token } = await scene.token('second')
    await scene.onPrimary(['delete', 'secret', 'first'])
    const hash = (await scene.status())?.['mc-join.hash']
    await scene.mcJoin({ token })
    await until('the new mc-join has been dealt with', async () => {
      const status = await scene.status()
      return status?.['mc-join.hash'] !== hash && status?.['status'] === 'joined'
    })
    const secondaries = (await scene.clusters()).filter((cluster) => !cluster.spec.primary)
    assert.deepEqual(
      secondaries.map(({ metadata, status }) => [metadata.name, metadata.uid, status?.id]),
      [['east', before?.metadata.uid, scene.secondaryCluster.kubeSystemUid]],
    )
  })

  it('is refused with a revoked token, and stays a member', async () => {
    const { token } = await scene.token('third')
    await scene.onPrimary(['delete', 'secret', 'third'])
    await scene.mcJoin({ token })
    const status = await scene.untilStatus('rejected')
    assert.match(status['msg'] ?? '', /^TokenInvalid: Invalid join token; /)
    assert.equal((await scene.clusterInfo())?.['clusterName'], 'east')
    await scene.untilReady('east')
  })
})
