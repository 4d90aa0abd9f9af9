/** Who joins as somebody else: with the uid of a member, as the primary itself, or with a primary of his own behind him. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ClusterAccess } from '../../tools/controlplane/access.ts'
import { installDefinitions } from '../../tools/installation.ts'
import { createJoiner } from '../support/joiner.ts'
import { type Pair, startPair } from '../support/pair.ts'
import { Scene } from '../support/scene.ts'

describe('two control planes', () => {
  let pair: Pair
  /** Each has a primary, and is to join the other one. */
  let here: Scene
  let there: Scene
  const scenes: Scene[] = []

  before(async () => {
    pair = await startPair()
    await installDefinitions(pair.secondary)
    here = await pair.scene('here', { scheme: 'http', secondaryFlags: askingFrom('there-mc') })
    there = await setScene(pair.secondary, pair.primary, 'there', 'here-mc')
    for (const scene of [here, there]) {
      await scene.startPrimary()
      await scene.bootstrap()
    }
  })

  after(async () => {
    await Promise.all(scenes.map((scene) => scene.end()))
    await pair.stop()
  })

  /** A secondary that looks in this namespace whether its cluster is a primary. */
  const askingFrom = (primaryNamespace: string) => ({
    'allow-insecure-primary-ingress': 'true',
    'primary-namespace': primaryNamespace,
  })

  async function setScene(primary: ClusterAccess, secondary: ClusterAccess, name: string, otherNamespace: string) {
    const scene = await Scene.set(primary, secondary, name, {
      scheme: 'http',
      secondaryFlags: askingFrom(otherNamespace),
    })
    scenes.push(scene)
    return scene
  }

  const secondariesOf = async (scene: Scene) =>
    (await scene.clusters()).filter(({ spec }) => !spec.primary).map(({ metadata }) => metadata.name)

  it('that are primaries both cannot be joined to each other, either way round, and say so', async () => {
    for (const scene of [here, there]) {
      await scene.startSecondary()
      await scene.mcJoin({ ...(await scene.token('loop')), clusterName: 'east' })
    }
    for (const scene of [here, there]) {
      await scene.untilStatus('Joining', /^RoleConflict: this cluster is a primary itself; /)
      assert.deepEqual(await secondariesOf(scene), [])
      assert.equal(await scene.clusterInfo(), undefined)
    }
  })

  it('are told apart: a primary that is given its own token refuses, on either side', async () => {
    const self = await setScene(pair.primary, pair.primary, 'self', 'nobody-mc')
    await self.startPrimary()
    await self.bootstrap()
    const { endpoint, token } = await self.token()
    await self.startSecondary()
    await self.mcJoin({ endpoint, token, clusterName: 'east' })
    await self.untilStatus('Rejected', /^SelfJoin: a cluster cannot join itself; /)
    // A secondary that does not look meets a primary that does.
    const careless = createJoiner({ uid: pair.primary.kubeSystemUid })
    const outcome = await careless.join({ endpoint, token, name: 'east' })
    assert.equal(outcome.kind === 'refused' && outcome.refusal.code, 'SelfJoin')
    assert.deepEqual(await secondariesOf(self), [])
  })

  it('keep a member whose uid an attacker with a good token has guessed', async () => {
    const { endpoint, token } = await here.token('stolen')
    const victim = createJoiner()
    assert.equal((await victim.join({ endpoint, token, name: 'victim' })).kind, 'joined')
    assert.equal(await victim.confirm(), 'ok')
    await here.untilReady('victim')
    const before = await here.cluster('victim')
    for (const name of ['victim', 'attacker', undefined]) {
      const attacker = createJoiner({ uid: victim.uid })
      const outcome = await attacker.join({ endpoint, token, ...(name === undefined ? {} : { name }) })
      assert.ok(outcome.kind === 'refused', name)
      assert.equal(outcome.refusal.code, 'KeyMismatch', name)
    }
    assert.equal(await victim.beat(), 'ok')
    const now = await here.cluster('victim')
    assert.deepEqual([now?.spec, now?.metadata.uid], [before?.spec, before?.metadata.uid])
    assert.deepEqual(await secondariesOf(here), ['victim'])
  })

  it('have room for a cluster whose uid and name an attacker has taken first, once his Cluster is deleted', async () => {
    const { endpoint, token } = await here.token('leaked')
    const victim = createJoiner()
    const squatter = createJoiner({ uid: victim.uid })
    const asked = { endpoint, token, name: 'squatted' }
    assert.equal((await squatter.join(asked)).kind, 'joined')
    assert.equal(await squatter.confirm(), 'ok')
    const outcome = await victim.join(asked)
    assert.equal(outcome.kind === 'refused' && outcome.refusal.code, 'KeyMismatch')

    await here.onPrimary(['delete', 'clusters.dist.kio.kasten.io/squatted', '--timeout=30s'])
    assert.equal((await victim.join(asked)).kind, 'joined')
    assert.equal(await victim.confirm(), 'ok')
    await here.untilReady('squatted')
    assert.equal((await here.cluster('squatted'))?.spec.member?.keyId, victim.key.thumbprint)
    const again = await squatter.join(asked)
    assert.equal(again.kind === 'refused' && again.refusal.code, 'KeyMismatch')
  })
})
